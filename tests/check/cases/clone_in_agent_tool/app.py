import shutil
import tempfile

from git import GitCommandError, Repo


class RepoTool:
    def _clone(self, url: str, branch: str | None):
        target = tempfile.mkdtemp()
        kwargs = {"branch": branch} if branch else {}
        repo = Repo.clone_from(url, target, depth=1, **kwargs)
        return repo, target

    async def execute(self, url, branch=None):
        try:
            repo, path = self._clone(url, branch)  # expect: git.Repo.clone_from
        except GitCommandError as e:
            return {"error": str(e)}
        files = [item.path for item in repo.tree().traverse()]
        shutil.rmtree(path)  # expect: shutil.rmtree
        return {"files": files}
