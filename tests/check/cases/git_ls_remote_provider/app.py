import subprocess


class RepoProvider:
    spec: str

    async def get_resolved_ref(self):
        raise NotImplementedError


class GitRepoProvider(RepoProvider):
    def __init__(self, spec):
        self.repo, _, self.unresolved_ref = spec.partition("/")
        self.resolved_ref = None

    async def get_resolved_ref(self):
        if self.resolved_ref:
            return self.resolved_ref
        command = ["git", "ls-remote", "--", self.repo, self.unresolved_ref]
        result = subprocess.run(command, text=True, capture_output=True)  # expect: subprocess.run
        if result.returncode:
            raise RuntimeError(result.stderr)
        self.resolved_ref = result.stdout.split(None, 1)[0]
        return self.resolved_ref
