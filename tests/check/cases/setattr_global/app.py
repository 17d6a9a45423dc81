import requests
class Cfg: pass
cfg = Cfg()
cfg.http = requests.Session()
async def f(): return cfg.http.get("x")  # expect: requests.Session.get
