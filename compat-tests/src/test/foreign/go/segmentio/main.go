// kafka-go, which has no idempotent producers.
package main

import (
	"context"
	"os"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"

	"foreign/story"
)

var broker = os.Args[1]

// It answers from what it was told before, so that is to be young.
var transport = &kafka.Transport{MetadataTTL: 50 * time.Millisecond}

func main() {
	story.Tell(story.Client{
		Name:     "kafka-go",
		Admin:    admin{&kafka.Client{Addr: kafka.TCP(broker), Transport: transport}},
		Producer: newProducer,
		Join:     join,
	})
}

type admin struct{ client *kafka.Client }

func (a admin) Create(ctx context.Context, topic string, partitions int, config map[string]string) error {
	wanted := kafka.TopicConfig{Topic: topic, NumPartitions: partitions, ReplicationFactor: 1}
	for key, value := range config {
		wanted.ConfigEntries = append(wanted.ConfigEntries, kafka.ConfigEntry{ConfigName: key, ConfigValue: value})
	}
	created, err := a.client.CreateTopics(ctx, &kafka.CreateTopicsRequest{Topics: []kafka.TopicConfig{wanted}})
	if err != nil {
		return err
	}
	return created.Errors[topic]
}

func (a admin) Topics(ctx context.Context) ([]string, error) {
	metadata, err := a.client.Metadata(ctx, &kafka.MetadataRequest{})
	if err != nil {
		return nil, err
	}
	var names []string
	for _, topic := range metadata.Topics {
		names = append(names, topic.Name)
	}
	return names, nil
}

func (a admin) Partitions(ctx context.Context, topic string) (int, error) {
	metadata, err := a.client.Metadata(ctx, &kafka.MetadataRequest{Topics: []string{topic}})
	if err != nil {
		return 0, err
	}
	return len(metadata.Topics[0].Partitions), metadata.Topics[0].Error
}

func (a admin) Config(ctx context.Context, topic, key string) (string, error) {
	resource := kafka.DescribeConfigRequestResource{
		ResourceType: kafka.ResourceTypeTopic, ResourceName: topic, ConfigNames: []string{key},
	}
	described, err := a.client.DescribeConfigs(ctx,
		&kafka.DescribeConfigsRequest{Resources: []kafka.DescribeConfigRequestResource{resource}})
	if err != nil {
		return "", err
	}
	if err := described.Resources[0].Error; err != nil {
		return "", err
	}
	return described.Resources[0].ConfigEntries[0].ConfigValue, nil
}

func (a admin) Delete(ctx context.Context, topic string) error {
	deleted, err := a.client.DeleteTopics(ctx, &kafka.DeleteTopicsRequest{Topics: []string{topic}})
	if err != nil {
		return err
	}
	return deleted.Errors[topic]
}

type producer struct{ writer *kafka.Writer }

func newProducer(codec string, _ story.Sure) (story.Producer, error) {
	var compression kafka.Compression
	if err := compression.UnmarshalText([]byte(codec)); codec != "none" && err != nil {
		return nil, err
	}
	return producer{&kafka.Writer{
		Addr:         kafka.TCP(broker),
		Transport:    transport,
		RequiredAcks: kafka.RequireAll,
		Compression:  compression,
		BatchTimeout: 10 * time.Millisecond,
		Balancer: kafka.BalancerFunc(func(message kafka.Message, _ ...int) int {
			return message.WriterData.(int)
		}),
	}}, nil
}

func (p producer) Send(ctx context.Context, topic string, records []story.Record) error {
	var sent []kafka.Message
	for _, record := range records {
		sent = append(sent, kafka.Message{
			Topic:      topic,
			WriterData: record.Partition,
			Key:        []byte(record.Key),
			Value:      []byte(record.Value),
			Headers:    []kafka.Header{{Key: "from", Value: []byte(record.From)}},
		})
	}
	return p.writer.WriteMessages(ctx, sent...)
}

func (p producer) Close() { p.writer.Close() }

// A member reads each partition of the current generation in a goroutine of that generation.
type member struct {
	group    *kafka.ConsumerGroup
	topic    string
	messages chan kafka.Message
	mutex    sync.Mutex
	// set by the goroutine that waits for the next generation
	generation *kafka.Generation
	// what is to be committed; used by the caller only
	next map[int]int64
}

func join(group, topic string) (story.Member, error) {
	joined, err := kafka.NewConsumerGroup(kafka.ConsumerGroupConfig{
		ID:                group,
		Brokers:           []string{broker},
		Topics:            []string{topic},
		StartOffset:       kafka.FirstOffset,
		HeartbeatInterval: 500 * time.Millisecond,
		JoinGroupBackoff:  time.Second,
	})
	if err != nil {
		return nil, err
	}
	m := &member{group: joined, topic: topic, messages: make(chan kafka.Message), next: make(map[int]int64)}
	go m.follow()
	return m, nil
}

// It ends when the group is closed. Other errors are those of a broker that is away, before which the group waits itself.
func (m *member) follow() {
	for {
		generation, err := m.group.Next(context.Background())
		if err == kafka.ErrGroupClosed {
			return
		}
		if err != nil {
			continue
		}
		m.mutex.Lock()
		m.generation = generation
		m.mutex.Unlock()
		for _, assignment := range generation.Assignments[m.topic] {
			generation.Start(func(ctx context.Context) { m.read(ctx, assignment) })
		}
	}
}

func (m *member) read(ctx context.Context, assignment kafka.PartitionAssignment) {
	reader := kafka.NewReader(kafka.ReaderConfig{
		Brokers:   []string{broker},
		Topic:     m.topic,
		Partition: assignment.ID,
		MaxWait:   100 * time.Millisecond,
	})
	defer reader.Close()
	if err := reader.SetOffset(assignment.Offset); err != nil {
		panic(err)
	}
	for {
		message, err := reader.ReadMessage(ctx)
		if err != nil {
			return
		}
		select {
		case m.messages <- message:
		case <-ctx.Done():
			return
		}
	}
}

func (m *member) Poll(ctx context.Context, give func(story.Place, story.Record)) {
	for {
		select {
		case r := <-m.messages:
			m.next[r.Partition] = r.Offset + 1
			give(story.Place{Partition: r.Partition, Offset: r.Offset}, story.Record{
				Partition: r.Partition,
				Key:       string(r.Key),
				Value:     string(r.Value),
				From:      string(r.Headers[0].Value),
			})
		case <-ctx.Done():
			return
		}
	}
}

func (m *member) Assigned() []int {
	var partitions []int
	if generation := m.current(); generation != nil {
		for _, assignment := range generation.Assignments[m.topic] {
			partitions = append(partitions, assignment.ID)
		}
	}
	return partitions
}

func (m *member) Commit(context.Context) error {
	next := m.next
	m.next = make(map[int]int64)
	return m.current().CommitOffsets(map[string]map[int]int64{m.topic: next})
}

func (m *member) Close() { m.group.Close() }

func (m *member) current() *kafka.Generation {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	return m.generation
}
