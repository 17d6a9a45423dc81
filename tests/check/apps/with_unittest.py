"""A program that tests itself with unittest."""

import time
import unittest

seen = []


def work(name):
    time.sleep(0.001)
    seen.append(name)
    return name


class Slow(unittest.TestCase):
    def setUp(self):
        self.first = work("set up")

    def tearDown(self):
        work("torn down")

    def test_work(self):
        self.assertEqual(work("test"), "test")
        self.assertEqual(self.first, "set up")


class Slower(Slow):
    def setUp(self):
        super().setUp()
        self.second = 2

    def test_plain(self):
        self.assertEqual(self.second, 2)


def main():
    suite = unittest.defaultTestLoader.loadTestsFromTestCase(Slower)
    result = unittest.TestResult()
    suite.run(result)
    print(result.testsRun, result.wasSuccessful(), seen)


if __name__ == "__main__":
    main()
