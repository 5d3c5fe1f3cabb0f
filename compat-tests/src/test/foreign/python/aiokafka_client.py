"""aiokafka, which is a client of its own on asyncio."""

import asyncio
import sys

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

import story

NAME = "aiokafka"
BROKER = sys.argv[1]


class Admin:
    def __init__(self):
        self.client = AIOKafkaAdminClient(bootstrap_servers=BROKER)
        self.started = False

    async def create(self, topic, partitions, config):
        if not self.started:
            await self.client.start()
            self.started = True
        created = await self.client.create_topics([NewTopic(topic, partitions, 1, topic_configs=config)])
        story.same(f"errors of creating {topic}", [error for _, error, *_ in created.topic_errors], [0])

    async def topics(self):
        return set(await self.client.list_topics())

    async def partitions(self, topic):
        [described] = await self.client.describe_topics([topic])
        return len(described["partitions"])

    async def config(self, topic, key):
        [described] = await self.client.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
        [(_, _, _, _, entries)] = described.resources
        return {name: value for name, value, *_ in entries}[key]

    async def delete(self, topic):
        deleted = await self.client.delete_topics([topic])
        story.same(f"errors of deleting {topic}", [error for _, error, *_ in deleted.topic_error_codes], [0])

    async def close(self):
        await self.client.close()


class Producer:
    def __init__(self, producer):
        self.producer = producer

    @classmethod
    async def open(cls, codec, idempotent=False):
        producer = AIOKafkaProducer(
            bootstrap_servers=BROKER,
            compression_type=None if codec == "none" else codec,
            enable_idempotence=idempotent,
        )
        await producer.start()
        return cls(producer)

    async def send(self, topic, records):
        acknowledged = [
            await self.producer.send(topic, r.value, r.key, r.partition, headers=list(r.headers)) for r in records
        ]
        await asyncio.wait_for(asyncio.gather(*acknowledged), story.DEADLINE_S)

    async def close(self):
        await self.producer.stop()


class Member:
    def __init__(self, consumer):
        self.consumer = consumer

    @classmethod
    async def join(cls, group, topic):
        consumer = AIOKafkaConsumer(
            topic,
            bootstrap_servers=BROKER,
            group_id=group,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            heartbeat_interval_ms=500,
        )
        # waits until the group has taken it in, for which the others are to be at work: they are, in this same loop
        await asyncio.wait_for(consumer.start(), story.DEADLINE_S)
        return cls(consumer)

    async def poll(self):
        given = await self.consumer.getmany(timeout_ms=100)
        return [
            (r.offset, story.Record(r.partition, r.key, r.value, tuple(r.headers)))
            for records in given.values()
            for r in records
        ]

    def assigned(self):
        return {partition.partition for partition in self.consumer.assignment()}

    async def commit(self):
        await asyncio.wait_for(self.consumer.commit(), story.DEADLINE_S)

    async def close(self):
        await self.consumer.stop()


asyncio.run(story.tell(sys.modules[__name__]))
