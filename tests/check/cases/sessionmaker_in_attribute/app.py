from sqlalchemy import create_engine
from sqlalchemy.orm import sessionmaker

from models import Job


class Jobs:
    def __init__(self, url):
        self.engine = create_engine(url)
        self.Session = sessionmaker(bind=self.engine)

    def pending(self):
        with self.Session() as session:
            return session.query(Job).filter_by(state="pending").all()

    async def run_forever(self, work):
        while True:
            for job in self.pending():  # expect: sqlalchemy.orm.Query.all
                await work(job)
