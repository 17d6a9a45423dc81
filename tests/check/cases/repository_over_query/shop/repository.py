from sqlalchemy.orm import Session

from shop.models import User


class BaseRepository:
    def __init__(self, session: Session):
        self.session = session


class UserRepository(BaseRepository):
    def get_by_id(self, user_id):
        return self.session.query(User).filter(User.id == user_id).one_or_none()
