//! rdkafka, which stands on librdkafka: what every client does to a broker.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::error::Error;
use std::io::{self, BufRead};
use std::time::{Duration, Instant};

use futures::future::try_join_all;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{CommitMode, Consumer, StreamConsumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, Headers, Message, OwnedHeaders};
use rdkafka::producer::{FutureProducer, FutureRecord, Producer};
use tokio::time::timeout;

const DEADLINE: Duration = Duration::from_secs(60);
const CODECS: [&str; 5] = ["none", "gzip", "snappy", "lz4", "zstd"];

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// It has one header, named "from".
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Record {
    partition: i32,
    key: String,
    value: String,
    from: String,
}

#[tokio::main]
async fn main() -> Outcome {
    let story = Story::new(std::env::args().nth(1).ok_or("no address of a broker")?)?;
    story.codecs("rust-codecs").await?;
    story.topics("rust-topic").await?;
    story.group("rust-group").await?;
    story.restarts("rust-restarts").await
}

struct Story {
    broker: ClientConfig,
    admin: AdminClient<DefaultClientContext>,
}

impl Story {
    fn new(address: String) -> Outcome<Story> {
        let broker = ClientConfig::from_iter([("bootstrap.servers".to_string(), address)]);
        let admin = broker.create()?;
        Ok(Story { broker, admin })
    }

    async fn codecs(&self, topic: &str) -> Outcome {
        self.create(topic, 3, &[]).await?;
        let mut sent = vec![];
        for codec in CODECS {
            let producer = self.producer("compression.type", codec)?;
            send(&producer, topic, made(codec, 60, 3), &mut sent).await?;
        }
        self.holds(topic, &sent).await?;
        println!("codecs ok");
        Ok(())
    }

    async fn topics(&self, topic: &str) -> Outcome {
        let options = AdminOptions::new();
        self.create(topic, 5, &[("retention.ms", "123456789")])
            .await?;
        let listed = self.admin.inner().fetch_metadata(Some(topic), DEADLINE)?;
        same("partitions", &listed.topics()[0].partitions().len(), &5)?;
        let described = self
            .admin
            .describe_configs(&[ResourceSpecifier::Topic(topic)], &options)
            .await?
            .remove(0)?;
        let retention = described
            .get("retention.ms")
            .and_then(|entry| entry.value.as_deref());
        same("retention.ms", &retention, &Some("123456789"))?;
        self.admin
            .delete_topics(&[topic], &options)
            .await?
            .remove(0)
            .map_err(|(_, error)| error.to_string())?;
        self.until_listed(topic, false)?;
        println!("admin ok");
        Ok(())
    }

    /// One member, two, one again. Each is at rest and has committed before the next change, so nothing is read twice.
    async fn group(&self, topic: &str) -> Outcome {
        self.create(topic, 4, &[]).await?;
        let producer = self.producer("compression.type", "none")?;
        let mut first = self.join(topic, topic)?;
        until_alone(&mut first).await?;
        turn(&producer, topic, "alone", &mut [&mut first]).await?;
        let mut second = self.join(topic, topic)?;
        until(
            "two members share the partitions",
            &mut [&mut first, &mut second],
            |members| {
                let (one, other) = (members[0].assigned(), members[1].assigned());
                one.len() + other.len() == 4
                    && !one.is_empty()
                    && !other.is_empty()
                    && one.is_disjoint(&other)
            },
        )
        .await?;
        turn(&producer, topic, "shared", &mut [&mut first, &mut second]).await?;
        drop(second);
        until_alone(&mut first).await?;
        turn(&producer, topic, "alone again", &mut [&mut first]).await?;
        println!("group ok");
        Ok(())
    }

    /// The same producer and member before and after.
    async fn restarts(&self, topic: &str) -> Outcome {
        self.create(topic, 2, &[]).await?;
        let producer = self.producer("enable.idempotence", "true")?;
        let mut member = self.join(topic, topic)?;
        let mut sent = vec![];
        for name in ["before", "between", "after"] {
            send(&producer, topic, made(name, 50, 2), &mut sent).await?;
            reads(&mut [&mut member], &sent).await?;
            member.commit()?;
            if name != "after" {
                println!("restart");
                io::stdin().lock().read_line(&mut String::new())?;
            }
        }
        drop(member);
        self.holds(topic, &sent).await?;
        println!("restart ok");
        Ok(())
    }

    /// A new group reads exactly this from the topic.
    async fn holds(&self, topic: &str, sent: &[Record]) -> Outcome {
        let mut member = self.join(&format!("{topic}-all"), topic)?;
        reads(&mut [&mut member], sent).await
    }

    /// The controller answers, perhaps before the broker knows of the topic.
    async fn create(&self, topic: &str, partitions: i32, config: &[(&str, &str)]) -> Outcome {
        let mut wanted = NewTopic::new(topic, partitions, TopicReplication::Fixed(1));
        for (key, value) in config {
            wanted = wanted.set(key, value);
        }
        let created = self
            .admin
            .create_topics(&[wanted], &AdminOptions::new())
            .await?
            .remove(0);
        created.map_err(|(_, error)| error.to_string())?;
        self.until_listed(topic, true)
    }

    fn until_listed(&self, topic: &str, wanted: bool) -> Outcome {
        let end = Instant::now() + DEADLINE;
        while Instant::now() < end {
            let metadata = self.admin.inner().fetch_metadata(None, DEADLINE)?;
            if metadata
                .topics()
                .iter()
                .any(|listed| listed.name() == topic)
                == wanted
            {
                return Ok(());
            }
        }
        Err(format!("not within {DEADLINE:?}: whether {topic} is listed is {wanted}").into())
    }

    fn producer(&self, key: &str, value: &str) -> Outcome<FutureProducer> {
        Ok(self.broker.clone().set(key, value).create()?)
    }

    fn join(&self, group: &str, topic: &str) -> Outcome<Member> {
        let consumer: StreamConsumer = self
            .broker
            .clone()
            .set("group.id", group)
            .set("auto.offset.reset", "earliest")
            .set("enable.auto.commit", "false")
            .create()?;
        consumer.subscribe(&[topic])?;
        Ok(Member {
            consumer,
            read: BTreeMap::new(),
        })
    }
}

/// A member of a group, and all that it was given, by offset: what was not committed may be given to it again.
struct Member {
    consumer: StreamConsumer,
    read: BTreeMap<(i32, i64), Record>,
}

impl Member {
    /// Takes what is there, which may be nothing.
    async fn poll(&mut self) -> Outcome {
        while let Ok(message) = timeout(Duration::from_millis(100), self.consumer.recv()).await {
            let message = match message {
                // said once while the broker restarts: the client goes on connecting by itself
                Err(KafkaError::MessageConsumption(
                    RDKafkaErrorCode::AllBrokersDown | RDKafkaErrorCode::BrokerTransportFailure,
                )) => return Ok(()),
                message => message?,
            };
            let headers = message.headers().ok_or("a record without headers")?;
            let from = headers.get(0).value.ok_or("a header without a value")?;
            let record = Record {
                partition: message.partition(),
                key: text(message.key())?,
                value: text(message.payload())?,
                from: text(Some(from))?,
            };
            self.read
                .insert((message.partition(), message.offset()), record);
        }
        Ok(())
    }

    fn assigned(&self) -> BTreeSet<i32> {
        let assigned = self
            .consumer
            .assignment()
            .map(|list| list.to_topic_map())
            .unwrap_or_else(|_| HashMap::new());
        assigned
            .into_keys()
            .map(|(_, partition)| partition)
            .collect()
    }

    fn commit(&self) -> Outcome {
        Ok(self.consumer.commit_consumer_state(CommitMode::Sync)?)
    }
}

async fn send(
    producer: &FutureProducer,
    topic: &str,
    records: Vec<Record>,
    sent: &mut Vec<Record>,
) -> Outcome {
    let acknowledged = records.iter().map(|record| {
        let headers = OwnedHeaders::new().insert(Header {
            key: "from",
            value: Some(&record.from),
        });
        let record = FutureRecord::to(topic)
            .partition(record.partition)
            .key(&record.key)
            .payload(&record.value)
            .headers(headers);
        producer.send(record, DEADLINE)
    });
    try_join_all(acknowledged)
        .await
        .map_err(|(error, _)| error)?;
    producer.flush(DEADLINE)?;
    sent.extend(records);
    Ok(())
}

/// Sends, reads and commits. Each member must have partitions, and be given all of theirs.
async fn turn(
    producer: &FutureProducer,
    topic: &str,
    name: &str,
    members: &mut [&mut Member],
) -> Outcome {
    let mut sent = vec![];
    send(producer, topic, made(name, 40, 4), &mut sent).await?;
    reads(members, &sent).await?;
    for member in members {
        let partitions = member
            .read
            .keys()
            .map(|(partition, _)| *partition)
            .collect();
        same("partitions read", &partitions, &member.assigned())?;
        member.commit()?;
        member.read.clear();
    }
    Ok(())
}

/// Together they are given all of it, and nothing twice.
async fn reads(members: &mut [&mut Member], sent: &[Record]) -> Outcome {
    until("all that was sent is read", members, |members| {
        members
            .iter()
            .map(|member| member.read.len())
            .sum::<usize>()
            >= sent.len()
    })
    .await?;
    let read: Vec<Record> = members
        .iter()
        .flat_map(|member| member.read.values().cloned())
        .collect();
    same("records read", &sorted(&read), &sorted(sent))
}

async fn until_alone(member: &mut Member) -> Outcome {
    until("one member has every partition", &mut [member], |members| {
        members[0].assigned().len() == 4
    })
    .await
}

async fn until(
    what: &str,
    members: &mut [&mut Member],
    holds: impl Fn(&[&mut Member]) -> bool,
) -> Outcome {
    let end = Instant::now() + DEADLINE;
    while !holds(members) {
        if Instant::now() > end {
            return Err(format!("not within {DEADLINE:?}: {what}").into());
        }
        for member in members.iter_mut() {
            member.poll().await?;
        }
    }
    Ok(())
}

fn made(name: &str, count: i32, partitions: i32) -> Vec<Record> {
    (0..count)
        .map(|n| Record {
            partition: n % partitions,
            key: format!("{name} {n}"),
            value: format!("value of {name} {n}").repeat(20),
            from: name.to_string(),
        })
        .collect()
}

fn text(bytes: Option<&[u8]>) -> Outcome<String> {
    Ok(String::from_utf8(
        bytes.ok_or("a record without a part")?.to_vec(),
    )?)
}

fn sorted(records: &[Record]) -> Vec<Record> {
    let mut sorted = records.to_vec();
    sorted.sort();
    sorted
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, actual: &T, expected: &T) -> Outcome {
    if actual == expected {
        Ok(())
    } else {
        Err(format!("{what}: {actual:?} instead of {expected:?}").into())
    }
}
