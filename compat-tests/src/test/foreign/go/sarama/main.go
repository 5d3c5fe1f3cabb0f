// Sarama.
package main

import (
	"context"
	"os"
	"sync"

	"github.com/IBM/sarama"

	"foreign/story"
)

var brokers = os.Args[1:2]

func main() {
	client, err := sarama.NewClusterAdmin(brokers, config())
	if err != nil {
		panic(err)
	}
	story.Tell(story.Client{
		Name:     "sarama",
		Admin:    admin{client},
		Producer: newProducer,
		Join:     join,
	})
}

func config() *sarama.Config {
	config := sarama.NewConfig()
	config.Version = sarama.MaxVersion
	return config
}

type admin struct{ client sarama.ClusterAdmin }

func (a admin) Create(_ context.Context, topic string, partitions int, config map[string]string) error {
	entries := make(map[string]*string)
	for key, value := range config {
		entries[key] = &value
	}
	detail := &sarama.TopicDetail{NumPartitions: int32(partitions), ReplicationFactor: 1, ConfigEntries: entries}
	return a.client.CreateTopic(topic, detail, false)
}

func (a admin) Topics(context.Context) ([]string, error) {
	topics, err := a.client.ListTopics()
	var names []string
	for name := range topics {
		names = append(names, name)
	}
	return names, err
}

func (a admin) Partitions(_ context.Context, topic string) (int, error) {
	topics, err := a.client.DescribeTopics([]string{topic})
	if err != nil {
		return 0, err
	}
	return len(topics[0].Partitions), nil
}

func (a admin) Config(_ context.Context, topic, key string) (string, error) {
	entries, err := a.client.DescribeConfig(sarama.ConfigResource{Type: sarama.TopicResource, Name: topic})
	for _, entry := range entries {
		if entry.Name == key {
			return entry.Value, err
		}
	}
	return "", err
}

func (a admin) Delete(_ context.Context, topic string) error { return a.client.DeleteTopic(topic) }

type producer struct{ sarama.SyncProducer }

func newProducer(codec string, sure story.Sure) (story.Producer, error) {
	config := config()
	config.Producer.Return.Successes = true
	config.Producer.RequiredAcks = sarama.WaitForAll
	config.Producer.Partitioner = sarama.NewManualPartitioner
	if err := config.Producer.Compression.UnmarshalText([]byte(codec)); err != nil {
		return nil, err
	}
	if sure {
		config.Producer.Idempotent = true
		config.Net.MaxOpenRequests = 1
	}
	client, err := sarama.NewSyncProducer(brokers, config)
	return producer{client}, err
}

func (p producer) Send(_ context.Context, topic string, records []story.Record) error {
	var sent []*sarama.ProducerMessage
	for _, record := range records {
		sent = append(sent, &sarama.ProducerMessage{
			Topic:     topic,
			Partition: int32(record.Partition),
			Key:       sarama.StringEncoder(record.Key),
			Value:     sarama.StringEncoder(record.Value),
			Headers:   []sarama.RecordHeader{{Key: []byte("from"), Value: []byte(record.From)}},
		})
	}
	return p.SendMessages(sent)
}

func (p producer) Close() { p.SyncProducer.Close() }

// A member is the handler of its group: each session gives it partitions until the next rebalance.
type member struct {
	group    sarama.ConsumerGroup
	topic    string
	leave    context.CancelFunc
	left     chan struct{}
	messages chan *sarama.ConsumerMessage
	mutex    sync.Mutex
	// set by goroutines of the group
	session sarama.ConsumerGroupSession
}

func join(group, topic string) (story.Member, error) {
	config := config()
	config.Consumer.Offsets.Initial = sarama.OffsetOldest
	config.Consumer.Offsets.AutoCommit.Enable = false
	config.Consumer.Group.Rebalance.GroupStrategies = []sarama.BalanceStrategy{sarama.NewBalanceStrategyRange()}
	joined, err := sarama.NewConsumerGroup(brokers, group, config)
	if err != nil {
		return nil, err
	}
	ctx, leave := context.WithCancel(context.Background())
	m := &member{
		group: joined, topic: topic, leave: leave, left: make(chan struct{}), messages: make(chan *sarama.ConsumerMessage),
	}
	go func() {
		defer close(m.left)
		for ctx.Err() == nil {
			// an error is one of a broker that is away: the next session shows whether it came back
			_ = joined.Consume(ctx, []string{topic}, m)
		}
	}()
	return m, nil
}

func (m *member) Setup(session sarama.ConsumerGroupSession) error {
	m.change(session)
	return nil
}

func (m *member) Cleanup(sarama.ConsumerGroupSession) error {
	m.change(nil)
	return nil
}

func (m *member) ConsumeClaim(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	for r := range claim.Messages() {
		select {
		case m.messages <- r:
			session.MarkMessage(r, "")
		case <-session.Context().Done():
			return nil
		}
	}
	return nil
}

func (m *member) Poll(ctx context.Context, give func(story.Place, story.Record)) {
	for {
		select {
		case r := <-m.messages:
			give(story.Place{Partition: int(r.Partition), Offset: r.Offset}, story.Record{
				Partition: int(r.Partition),
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
	if session := m.current(); session != nil {
		for _, partition := range session.Claims()[m.topic] {
			partitions = append(partitions, int(partition))
		}
	}
	return partitions
}

func (m *member) Commit(context.Context) error {
	if session := m.current(); session != nil {
		session.Commit()
	}
	return nil
}

func (m *member) Close() {
	m.leave()
	<-m.left
	m.group.Close()
}

func (m *member) change(session sarama.ConsumerGroupSession) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.session = session
}

func (m *member) current() sarama.ConsumerGroupSession {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	return m.session
}
