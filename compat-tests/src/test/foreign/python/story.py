"""What every Python client does to a broker. A client is a module with the classes Admin, Producer and Member."""

import asyncio
import sys
import time
from typing import NamedTuple

DEADLINE_S = 60
CODECS = ["none", "gzip", "snappy", "lz4", "zstd"]


class Record(NamedTuple):
    partition: int
    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...]


class Reader:
    """A member of a group, and all that it was given, by offset: what was not committed may be given to it again."""

    def __init__(self, member):
        self.member = member
        self.read: dict[tuple[int, int], Record] = {}

    async def poll(self):
        self.read.update({(record.partition, offset): record for offset, record in await self.member.poll()})

    def take(self):
        taken, self.read = self.read, {}
        return list(taken.values())


async def tell(client):
    admin = client.Admin()
    name = client.NAME
    await codecs(client, admin, f"{name}-codecs")
    await topics(admin, f"{name}-topic")
    await group(client, admin, f"{name}-group")
    await restarts(client, admin, f"{name}-restarts")
    await admin.close()


async def codecs(client, admin, topic):
    await create(admin, topic, 3)
    sent = []
    for codec in CODECS:
        producer = await client.Producer.open(codec)
        records = made(codec, 60, 3)
        await producer.send(topic, records)
        await producer.close()
        sent += records
    await holds(client, topic, sent)
    say("codecs ok")


async def topics(admin, topic):
    await create(admin, topic, 5, {"retention.ms": "123456789"})
    same("partitions", await admin.partitions(topic), 5)
    same("retention.ms", await admin.config(topic, "retention.ms"), "123456789")
    await admin.delete(topic)
    await until("the topic is gone", lambda: gone(admin, topic))
    say("admin ok")


async def group(client, admin, topic):
    """One member, two, one again. Each is at rest and has committed before the next change, so nothing is read twice."""
    every = {0, 1, 2, 3}
    await create(admin, topic, len(every))
    producer = await client.Producer.open("none")

    async def turn(name, *readers):
        records = made(name, 40, len(every))
        await producer.send(topic, records)
        given = await reads(readers, records)
        for reader in readers:
            same(f"partitions read {name}", {r.partition for r in given[reader]}, reader.member.assigned())
            await reader.member.commit()

    def shared():
        one, other = first.member.assigned(), second.member.assigned()
        return one and other and one | other == every and not one & other

    first = Reader(await client.Member.join(topic, topic))
    await polled([first], "one member has every partition", lambda: first.member.assigned() == every)
    await turn("alone", first)
    second = Reader(await client.Member.join(topic, topic))
    await polled([first, second], "two members share the partitions", shared)
    await turn("shared", first, second)
    await second.member.close()
    await polled([first], "who is left has every partition", lambda: first.member.assigned() == every)
    await turn("alone again", first)
    await first.member.close()
    await producer.close()
    say("group ok")


async def restarts(client, admin, topic):
    """The same producer and member before and after."""
    await create(admin, topic, 2)
    producer = await client.Producer.open("none", idempotent=True)
    reader = Reader(await client.Member.join(topic, topic))
    sent = []
    for name in ("before", "between", "after"):
        records = made(name, 50, 2)
        await producer.send(topic, records)
        sent += records
        await reads([reader], records)
        await reader.member.commit()
        if name != "after":
            say("restart")
            await asyncio.to_thread(sys.stdin.readline)
    await reader.member.close()
    await producer.close()
    await holds(client, topic, sent)
    say("restart ok")


async def create(admin, topic, partitions, config=None):
    """The controller answers, perhaps before the broker knows of the topic."""
    await admin.create(topic, partitions, config or {})
    await until(f"{topic} is listed", lambda: listed(admin, topic))


async def holds(client, topic, sent):
    """A new group reads exactly this from the topic."""
    reader = Reader(await client.Member.join(f"{topic}-all", topic))
    await reads([reader], sent)
    await reader.member.close()


async def reads(readers, sent):
    """Since the last such reading they are given all of it, and nothing twice. Returns what each was given."""

    def read():
        return [record for reader in readers for record in reader.read.values()]

    await polled(readers, f"{len(sent)} records are read", lambda: len(read()) >= len(sent))
    same("records read", sorted(read()), sorted(sent))
    return {reader: reader.take() for reader in readers}


async def polled(readers, what, condition):
    async def asked():
        for reader in readers:
            await reader.poll()
        return condition()

    await until(what, asked)


async def until(what, condition):
    deadline = time.monotonic() + DEADLINE_S
    while not await condition():
        if time.monotonic() > deadline:
            sys.exit(f"not within {DEADLINE_S} s: {what}")


async def listed(admin, topic):
    return topic in await admin.topics()


async def gone(admin, topic):
    return not await listed(admin, topic)


def made(name, count, partitions):
    return [
        Record(
            partition=n % partitions,
            key=f"{name} {n}".encode(),
            value=f"value of {name} {n}".encode() * 20,
            headers=(("from", name.encode()), ("number", str(n).encode())),
        )
        for n in range(count)
    ]


def same(what, actual, expected):
    if actual != expected:
        sys.exit(f"{what}: {actual} instead of {expected}")


def say(line):
    print(line, flush=True)
