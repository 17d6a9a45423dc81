from .ssh import SshConnection


class Scanner:
    def __init__(self, connection: SshConnection):
        self.connection = connection
        self.last = []

    async def async_scan_devices(self):
        self._update()  # expect: paramiko.SSHClient.exec_command
        return self.last

    def _update(self):
        self.last = self.connection.run("cat /proc/net/arp").splitlines()[1:]
