import joblib
from fastapi import FastAPI, Request

app = FastAPI()


@app.on_event("startup")
def load():
    app.state.model = joblib.load("model.pkl")


@app.post("/predict")
async def predict(request: Request):
    rows = await request.json()
    # expect: joblib.load().predict_proba
    return {"y": request.app.state.model.predict_proba(rows).tolist()}
