import yaml


def documented(fn):
    fn.is_documented = True
    return fn


@documented
def parse(content):
    return yaml.safe_load(content)


@documented
def decode(name):
    return name.replace("~", "%")


async def view(request):
    return decode(request.name)
