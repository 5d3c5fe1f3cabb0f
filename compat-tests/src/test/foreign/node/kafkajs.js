// KafkaJS: what every client does to a broker. Of the codecs it has only gzip itself, and takes others as plug-ins.

import { deepStrictEqual } from 'node:assert'
import { createInterface } from 'node:readline'
import kafkajs from 'kafkajs'
import snappy from 'kafkajs-snappy'
import lz4 from 'lz4-napi'
import * as zstd from '@bokuweb/zstd-wasm'

const { CompressionCodecs, CompressionTypes, ConfigResourceTypes, Kafka, PartitionAssigners, logLevel } = kafkajs
const DEADLINE_MS = 60_000

await zstd.init()
CompressionCodecs[CompressionTypes.Snappy] = snappy
CompressionCodecs[CompressionTypes.LZ4] = codec(lz4.compressFrameSync, lz4.decompressFrameSync)
CompressionCodecs[CompressionTypes.ZSTD] = codec(zstd.compress, zstd.decompress)

const kafka = new Kafka({
  brokers: [process.argv[2]],
  logLevel: logLevel.NOTHING,
  // a broker that restarts is away for longer than the five tries that are the default
  retry: { maxRetryTime: 1000, retries: 50 },
})
const admin = kafka.admin()
const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]()

function codec(compress, decompress) {
  return () => ({
    compress: async encoder => Buffer.from(compress(encoder.buffer)),
    decompress: async buffer => Buffer.from(decompress(buffer)),
  })
}

async function codecs(topic) {
  await create(topic, 3)
  const producer = await open()
  const sent = []
  for (const [name, compression] of Object.entries(CompressionTypes)) {
    await send(producer, topic, made(name, 60, 3), sent, compression)
  }
  await producer.disconnect()
  await holds(topic, sent)
  console.log('codecs ok')
}

async function topics(topic) {
  await create(topic, 5, [{ name: 'retention.ms', value: '123456789' }])
  const metadata = await admin.fetchTopicMetadata({ topics: [topic] })
  deepStrictEqual(metadata.topics[0].partitions.length, 5)
  const resource = { type: ConfigResourceTypes.TOPIC, name: topic, configNames: ['retention.ms'] }
  const described = await admin.describeConfigs({ resources: [resource], includeSynonyms: false })
  deepStrictEqual(described.resources[0].configEntries[0].configValue, '123456789')
  await admin.deleteTopics({ topics: [topic] })
  await until('the topic is gone', async () => !(await listed(topic)))
  console.log('admin ok')
}

// One member, two, one again. Each is at rest and has committed before the next change, so nothing is read twice.
async function group(topic) {
  const every = [0, 1, 2, 3]
  await create(topic, every.length)
  const producer = await open()

  async function turn(name, ...members) {
    const sent = []
    await send(producer, topic, made(name, 40, every.length), sent)
    await reads(members, sent)
    for (const member of members) {
      const partitions = new Set([...member.read.values()].map(record => record.partition))
      deepStrictEqual([...partitions].sort(), member.assigned.sort())
      await member.commit()
    }
  }

  const first = await Member.join(topic, topic)
  await until('one member has every partition', () => first.assigned.length === every.length)
  await turn('alone', first)
  const second = await Member.join(topic, topic)
  await until('two members share the partitions', () =>
    first.assigned.length === 2 && second.assigned.length === 2)
  deepStrictEqual([...first.assigned, ...second.assigned].sort(), every)
  await turn('shared', first, second)
  await second.leave()
  await until('who is left has every partition', () => first.assigned.length === every.length)
  await turn('alone again', first)
  await first.leave()
  await producer.disconnect()
  console.log('group ok')
}

// The same producer and member before and after.
async function restarts(topic) {
  await create(topic, 2)
  const producer = await open()
  const member = await Member.join(topic, topic)
  const sent = []
  for (const name of ['before', 'between', 'after']) {
    const records = []
    await send(producer, topic, made(name, 50, 2), records)
    await reads([member], records)
    await member.commit()
    sent.push(...records)
    if (name !== 'after') {
      console.log('restart')
      await answers.next()
    }
  }
  await member.leave()
  await producer.disconnect()
  await holds(topic, sent)
  console.log('restart ok')
}

// A new group reads exactly this from the topic.
async function holds(topic, sent) {
  const member = await Member.join(`${topic}-all`, topic)
  await reads([member], sent)
  await member.leave()
}

class Member {
  // since the last commit, by place: what was not committed may be given again
  read = new Map()
  assigned = []
  next = new Map()

  static async join(groupId, topic) {
    const member = new Member()
    member.topic = topic
    member.consumer = kafka.consumer({
      groupId,
      heartbeatInterval: 500,
      maxWaitTimeInMs: 100,
      partitionAssigners: [PartitionAssigners.roundRobin],
    })
    const { GROUP_JOIN, REBALANCING } = member.consumer.events
    member.consumer.on(GROUP_JOIN, ({ payload }) => (member.assigned = payload.memberAssignment[topic] ?? []))
    member.consumer.on(REBALANCING, () => (member.assigned = []))
    await member.consumer.connect()
    await member.consumer.subscribe({ topics: [topic], fromBeginning: true })
    await member.consumer.run({
      autoCommit: false,
      eachMessage: async ({ partition, message: { key, value, headers, offset } }) => {
        member.read.set(`${partition} ${offset}`, { partition, key: `${key}`, value: `${value}`, from: `${headers.from}` })
        member.next.set(partition, `${BigInt(offset) + 1n}`)
      },
    })
    return member
  }

  async commit() {
    const offsets = [...this.next].map(([partition, offset]) => ({ topic: this.topic, partition, offset }))
    await this.consumer.commitOffsets(offsets)
    this.next.clear()
    this.read.clear()
  }

  async leave() {
    await this.consumer.disconnect()
  }
}

// The controller answers, perhaps before the broker knows of the topic.
async function create(topic, numPartitions, configEntries = []) {
  const topics = [{ topic, numPartitions, replicationFactor: 1, configEntries }]
  await admin.createTopics({ topics, waitForLeaders: false })
  await until(`${topic} is listed`, () => listed(topic))
}

async function listed(topic) {
  return (await admin.listTopics()).includes(topic)
}

// Where one partition is not ready, the client sends again to all: a producer that is not idempotent would write twice.
async function open() {
  const producer = kafka.producer({ allowAutoTopicCreation: false, idempotent: true })
  await producer.connect()
  return producer
}

async function send(producer, topic, records, sent, compression = CompressionTypes.None) {
  const messages = records.map(({ from, ...record }) => ({ ...record, headers: { from } }))
  await producer.send({ topic, acks: -1, compression, messages })
  sent.push(...records)
}

async function reads(members, sent) {
  const read = () => members.flatMap(member => [...member.read.values()])
  await until(`${sent.length} records are read`, () => read().length >= sent.length)
  deepStrictEqual(sorted(read()), sorted(sent))
}

// What is waited for comes by way of the event loop, which is given a turn between two questions.
async function until(what, condition) {
  for (const end = Date.now() + DEADLINE_MS; !(await condition()); ) {
    if (Date.now() > end) {
      throw new Error(`not within ${DEADLINE_MS} ms: ${what}`)
    }
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

function made(name, count, partitions) {
  return Array.from({ length: count }, (_, n) => ({
    partition: n % partitions,
    key: `${name} ${n}`,
    value: `value of ${name} ${n}`.repeat(20),
    from: name,
  }))
}

function sorted(records) {
  return records.toSorted((a, b) => (a.key < b.key ? -1 : 1))
}

await admin.connect()
await codecs('kafkajs-codecs')
await topics('kafkajs-topic')
await group('kafkajs-group')
await restarts('kafkajs-restarts')
await admin.disconnect()
process.exit(0)
