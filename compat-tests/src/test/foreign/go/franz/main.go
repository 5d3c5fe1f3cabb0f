// franz-go.
package main

import (
	"context"
	"maps"
	"os"
	"slices"
	"sync"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"foreign/story"
)

var broker = kgo.SeedBrokers(os.Args[1])

func main() {
	client, err := kgo.NewClient(broker)
	if err != nil {
		panic(err)
	}
	story.Tell(story.Client{
		Name:     "franz-go",
		Admin:    admin{kadm.NewClient(client)},
		Producer: newProducer,
		Join:     join,
	})
}

type admin struct{ client *kadm.Client }

func (a admin) Create(ctx context.Context, topic string, partitions int, config map[string]string) error {
	configs := make(map[string]*string)
	for key, value := range config {
		configs[key] = kadm.StringPtr(value)
	}
	_, err := a.client.CreateTopic(ctx, int32(partitions), 1, configs, topic)
	return err
}

func (a admin) Topics(ctx context.Context) ([]string, error) {
	topics, err := a.client.ListTopics(ctx)
	return topics.Names(), err
}

func (a admin) Partitions(ctx context.Context, topic string) (int, error) {
	topics, err := a.client.ListTopics(ctx, topic)
	return len(topics[topic].Partitions), err
}

func (a admin) Config(ctx context.Context, topic, key string) (string, error) {
	resources, err := a.client.DescribeTopicConfigs(ctx, topic)
	if err != nil {
		return "", err
	}
	resource, err := resources.On(topic, nil)
	for _, config := range resource.Configs {
		if config.Key == key {
			return config.MaybeValue(), err
		}
	}
	return "", err
}

func (a admin) Delete(ctx context.Context, topic string) error {
	_, err := a.client.DeleteTopic(ctx, topic)
	return err
}

type producer struct{ client *kgo.Client }

func newProducer(codec string, sure story.Sure) (story.Producer, error) {
	codecs := map[string]kgo.CompressionCodec{
		"none":   kgo.NoCompression(),
		"gzip":   kgo.GzipCompression(),
		"snappy": kgo.SnappyCompression(),
		"lz4":    kgo.Lz4Compression(),
		"zstd":   kgo.ZstdCompression(),
	}
	options := []kgo.Opt{
		broker,
		kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.ProducerBatchCompression(codecs[codec]),
	}
	if !sure {
		options = append(options, kgo.DisableIdempotentWrite())
	}
	client, err := kgo.NewClient(options...)
	return producer{client}, err
}

func (p producer) Send(ctx context.Context, topic string, records []story.Record) error {
	var sent []*kgo.Record
	for _, record := range records {
		sent = append(sent, &kgo.Record{
			Topic:     topic,
			Partition: int32(record.Partition),
			Key:       []byte(record.Key),
			Value:     []byte(record.Value),
			Headers:   []kgo.RecordHeader{{Key: "from", Value: []byte(record.From)}},
		})
	}
	return p.client.ProduceSync(ctx, sent...).FirstErr()
}

func (p producer) Close() { p.client.Close() }

type member struct {
	client *kgo.Client
	topic  string
	mutex  sync.Mutex
	// set by callbacks of the client's own goroutines
	partitions map[int32]bool
}

func join(group, topic string) (story.Member, error) {
	m := &member{topic: topic, partitions: make(map[int32]bool)}
	var err error
	m.client, err = kgo.NewClient(
		broker,
		kgo.ConsumerGroup(group),
		kgo.ConsumeTopics(topic),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.DisableAutoCommit(),
		kgo.OnPartitionsAssigned(m.change(true)),
		kgo.OnPartitionsRevoked(m.change(false)),
		kgo.OnPartitionsLost(m.change(false)),
	)
	return m, err
}

func (m *member) change(has bool) func(context.Context, *kgo.Client, map[string][]int32) {
	return func(_ context.Context, _ *kgo.Client, changed map[string][]int32) {
		m.mutex.Lock()
		defer m.mutex.Unlock()
		for _, partition := range changed[m.topic] {
			if has {
				m.partitions[partition] = true
			} else {
				delete(m.partitions, partition)
			}
		}
	}
}

func (m *member) Poll(ctx context.Context, give func(story.Place, story.Record)) {
	m.client.PollFetches(ctx).EachRecord(func(r *kgo.Record) {
		give(story.Place{Partition: int(r.Partition), Offset: r.Offset}, story.Record{
			Partition: int(r.Partition),
			Key:       string(r.Key),
			Value:     string(r.Value),
			From:      string(r.Headers[0].Value),
		})
	})
}

func (m *member) Assigned() []int {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	var partitions []int
	for _, partition := range slices.Collect(maps.Keys(m.partitions)) {
		partitions = append(partitions, int(partition))
	}
	return partitions
}

func (m *member) Commit(ctx context.Context) error { return m.client.CommitUncommittedOffsets(ctx) }

func (m *member) Close() { m.client.Close() }
