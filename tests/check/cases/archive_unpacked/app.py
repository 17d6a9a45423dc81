import shutil
import zipfile
from pathlib import Path


class SkillInstaller:
    root = Path("skills")

    def _unpack(self, archive: Path) -> Path:
        target = self.root / archive.stem
        with zipfile.ZipFile(archive) as bundle:
            for member in bundle.infolist():
                if ".." in member.filename:
                    raise ValueError(member.filename)
            bundle.extractall(target)
        return target

    async def install(self, archive: str):
        target = self._unpack(Path(archive))  # expect: zipfile.ZipFile
        shutil.copytree(target, self.root / "active", dirs_exist_ok=True)  # expect: shutil.copytree
        return target
