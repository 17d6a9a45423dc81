import paramiko


class SshConnection:
    def __init__(self, host, user, password):
        self.host, self.user, self.password = host, user, password
        self._ssh = None

    def _connected(self) -> paramiko.SSHClient:
        if self._ssh is None:
            client = paramiko.SSHClient()
            client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
            client.connect(self.host, username=self.user, password=self.password, timeout=10)
            self._ssh = client
        return self._ssh

    def run(self, command):
        _, stdout, stderr = self._connected().exec_command(command)
        return stdout.read().decode() or stderr.read().decode()
