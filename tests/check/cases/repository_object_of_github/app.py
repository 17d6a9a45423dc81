from github import Github
from github.Repository import Repository


def open_issue(repo: Repository, title, body):
    for issue in repo.get_issues(state="open"):
        if issue.title == title:
            return issue
    return repo.create_issue(title=title, body=body)


class Reporter:
    def __init__(self, token, name):
        self._github = Github(token)
        self._name = name

    async def report(self, title, body):
        repo = self._github.get_repo(self._name)  # expect: github.Github.get_repo
        # expect: github.Repository.Repository.get_issues
        return open_issue(repo, title, body).html_url
