from lib.core import fetch as get
