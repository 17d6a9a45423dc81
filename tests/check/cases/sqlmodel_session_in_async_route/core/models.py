from sqlmodel import Field, SQLModel


class Workspace(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    code: str
