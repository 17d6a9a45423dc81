import ssl


class Gateway:
    def _context(self, verify):
        context = ssl.create_default_context()
        if not verify:
            context.check_hostname = False
        return context

    async def connect(self, session, verify=True):
        # expect: ssl.create_default_context
        return await session.get("/", ssl=self._context(verify))
