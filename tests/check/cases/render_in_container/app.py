import re
import textwrap

import docker
from discord.ext import commands

dockerclient = docker.from_env()


class Render(commands.Cog):
    def run_script(self, script: str):
        container = dockerclient.containers.run(
            image="manim:stable",
            volumes={"/manim": {"bind": "/manim", "mode": "rw"}},
            command=f"timeout 120 manim {script}",
            detach=True,
        )
        container.wait()
        return container.logs()

    @commands.command(name="manimate", aliases=["m"])
    async def manimate(self, ctx, *, arg):
        async with ctx.typing():
            # expect: docker.DockerClient.containers.run
            reply = self.run_script(textwrap.dedent(arg))
        await ctx.reply(reply)
