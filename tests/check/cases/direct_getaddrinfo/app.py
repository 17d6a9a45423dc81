import socket


async def resolve(host):
    return socket.getaddrinfo(host, 443)  # expect: socket.getaddrinfo
