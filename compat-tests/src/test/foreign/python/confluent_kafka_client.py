"""confluent-kafka, which stands on librdkafka."""

import asyncio
import sys

from confluent_kafka import Consumer, KafkaException
from confluent_kafka import Producer as KafkaProducer
from confluent_kafka.admin import AdminClient, ConfigResource, NewTopic, ResourceType

import story

NAME = "confluent-kafka-python"
BROKER = {"bootstrap.servers": sys.argv[1]}


class Admin:
    def __init__(self):
        self.client = AdminClient(BROKER)

    async def create(self, topic, partitions, config):
        self.client.create_topics([NewTopic(topic, partitions, 1, config=config)])[topic].result(story.DEADLINE_S)

    async def topics(self):
        return set(self.client.list_topics(timeout=story.DEADLINE_S).topics)

    async def partitions(self, topic):
        return len(self.client.list_topics(topic, timeout=story.DEADLINE_S).topics[topic].partitions)

    async def config(self, topic, key):
        resource = ConfigResource(ResourceType.TOPIC, topic)
        return self.client.describe_configs([resource])[resource].result(story.DEADLINE_S)[key].value

    async def delete(self, topic):
        self.client.delete_topics([topic])[topic].result(story.DEADLINE_S)

    async def close(self):
        self.client.poll(0)


class Producer:
    def __init__(self, producer):
        self.producer = producer

    @classmethod
    async def open(cls, codec, idempotent=False):
        return cls(KafkaProducer(BROKER | {"compression.type": codec, "enable.idempotence": idempotent}))

    async def send(self, topic, records):
        refused = []

        def delivered(error, _):
            if error is not None:
                refused.append(error)

        for record in records:
            self.producer.produce(
                topic,
                record.value,
                record.key,
                record.partition,
                headers=list(record.headers),
                on_delivery=delivered,
            )
        story.same("records in flight", self.producer.flush(story.DEADLINE_S), 0)
        story.same("refused records", refused, [])

    async def close(self):
        self.producer.flush(story.DEADLINE_S)


class Member:
    def __init__(self, consumer):
        self.consumer = consumer

    @classmethod
    async def join(cls, group, topic):
        consumer = Consumer(
            BROKER
            | {
                "group.id": group,
                "auto.offset.reset": "earliest",
                "enable.auto.commit": False,
            }
        )
        consumer.subscribe([topic])
        return cls(consumer)

    async def poll(self):
        messages = self.consumer.consume(100, timeout=0.1)
        for message in messages:
            if message.error() is not None:
                raise KafkaException(message.error())
        return [
            (m.offset(), story.Record(m.partition(), m.key(), m.value(), tuple(m.headers()))) for m in messages
        ]

    def assigned(self):
        return {partition.partition for partition in self.consumer.assignment()}

    async def commit(self):
        self.consumer.commit(asynchronous=False)

    async def close(self):
        self.consumer.close()


asyncio.run(story.tell(sys.modules[__name__]))
