import time

import requests


def main():
    time.sleep(1)
    return requests.get("https://example.com", timeout=1)
