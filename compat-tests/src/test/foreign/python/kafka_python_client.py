"""kafka-python, which is a client of its own on threads."""

import asyncio
import sys

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka.admin import ConfigResource, ConfigResourceType, NewTopic

import story

NAME = "kafka-python"
BROKER = sys.argv[1]


class Admin:
    def __init__(self):
        self.client = KafkaAdminClient(bootstrap_servers=BROKER)

    async def create(self, topic, partitions, config):
        self.client.create_topics([NewTopic(topic, partitions, 1, topic_configs=config)])

    async def topics(self):
        return set(self.client.list_topics())

    async def partitions(self, topic):
        [described] = self.client.describe_topics([topic])
        return len(described["partitions"])

    async def config(self, topic, key):
        [answer] = self.client.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
        [resource] = answer.to_object()["resources"]
        return {entry["config_names"]: entry["config_value"] for entry in resource["config_entries"]}[key]

    async def delete(self, topic):
        self.client.delete_topics([topic])

    async def close(self):
        self.client.close()


class Producer:
    def __init__(self, producer):
        self.producer = producer

    @classmethod
    async def open(cls, codec, idempotent=False):
        return cls(
            KafkaProducer(
                bootstrap_servers=BROKER,
                compression_type=None if codec == "none" else codec,
                enable_idempotence=idempotent,
            )
        )

    async def send(self, topic, records):
        acknowledged = [
            self.producer.send(topic, r.value, r.key, list(r.headers), r.partition) for r in records
        ]
        for future in acknowledged:
            future.get(story.DEADLINE_S)

    async def close(self):
        self.producer.close(story.DEADLINE_S)


class Member:
    def __init__(self, consumer):
        self.consumer = consumer

    @classmethod
    async def join(cls, group, topic):
        return cls(
            KafkaConsumer(
                topic,
                bootstrap_servers=BROKER,
                group_id=group,
                auto_offset_reset="earliest",
                enable_auto_commit=False,
                heartbeat_interval_ms=500,
            )
        )

    async def poll(self):
        given = self.consumer.poll(100)
        return [
            (r.offset, story.Record(r.partition, r.key, r.value, tuple(r.headers)))
            for records in given.values()
            for r in records
        ]

    def assigned(self):
        return {partition.partition for partition in self.consumer.assignment()}

    async def commit(self):
        self.consumer.commit()

    async def close(self):
        self.consumer.close(autocommit=False)


asyncio.run(story.tell(sys.modules[__name__]))
