// Package story is what every Go client does to a broker.
package story

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"time"
)

const deadline = 60 * time.Second

var codecs = []string{"none", "gzip", "snappy", "lz4", "zstd"}

// Record has one header, named "from".
type Record struct {
	Partition        int
	Key, Value, From string
}

// Place is where a record stands in its topic.
type Place struct {
	Partition int
	Offset    int64
}

// Client is what a program has to bring along.
type Client struct {
	Name     string
	Admin    Admin
	Producer func(codec string, sure Sure) (Producer, error)
	Join     func(group, topic string) (Member, error)
}

// Sure tells whether a producer is to be idempotent, if the client has such producers.
type Sure bool

type Admin interface {
	Create(ctx context.Context, topic string, partitions int, config map[string]string) error
	Topics(ctx context.Context) ([]string, error)
	Partitions(ctx context.Context, topic string) (int, error)
	Config(ctx context.Context, topic, key string) (string, error)
	Delete(ctx context.Context, topic string) error
}

type Producer interface {
	// Send returns when all are acknowledged.
	Send(ctx context.Context, topic string, records []Record) error
	Close()
}

type Member interface {
	// Poll gives what is there, which may be nothing until the context ends.
	Poll(ctx context.Context, give func(Place, Record))
	Assigned() []int
	// Commit commits all that was polled.
	Commit(ctx context.Context) error
	Close()
}

// Tell ends the program with the first thing that is not as it should be.
func Tell(c Client) {
	c.codecs(c.Name + "-codecs")
	c.topics(c.Name + "-topic")
	c.group(c.Name + "-group")
	c.restarts(c.Name + "-restarts")
}

func (c Client) codecs(topic string) {
	c.create(topic, 3, nil)
	var sent []Record
	for _, codec := range codecs {
		records := made(codec, 60, 3)
		producer := c.producer(codec, false)
		send(producer, topic, records)
		producer.Close()
		sent = append(sent, records...)
	}
	c.holds(topic, sent)
	fmt.Println("codecs ok")
}

func (c Client) topics(topic string) {
	c.create(topic, 5, map[string]string{"retention.ms": "123456789"})
	same("partitions", asked(func(ctx context.Context) (int, error) { return c.Admin.Partitions(ctx, topic) }), 5)
	retention := asked(func(ctx context.Context) (string, error) { return c.Admin.Config(ctx, topic, "retention.ms") })
	same("retention.ms", retention, "123456789")
	done("delete", func(ctx context.Context) error { return c.Admin.Delete(ctx, topic) })
	until("the topic is gone", func() bool { return !c.listed(topic) })
	fmt.Println("admin ok")
}

// One member, two, one again. Each is at rest and has committed before the next change, so nothing is read twice.
func (c Client) group(topic string) {
	every := []int{0, 1, 2, 3}
	c.create(topic, len(every), nil)
	producer := c.producer("none", false)
	turn := func(name string, readers ...*reader) {
		records := made(name, 40, len(every))
		send(producer, topic, records)
		reads(readers, records)
		for _, reader := range readers {
			if len(reader.read) == 0 {
				fail("a member read nothing: %s", name)
			}
			done("commit", reader.Commit)
			clear(reader.read)
		}
	}

	first := c.join(topic, topic)
	await(func() bool { return reflect.DeepEqual(assigned(first), every) }, "one member has every partition", first)
	turn("alone", first)
	second := c.join(topic, topic)
	await(func() bool {
		return len(first.Assigned()) > 0 && len(second.Assigned()) > 0 &&
			reflect.DeepEqual(assigned(first, second), every)
	}, "two members share the partitions", first, second)
	turn("shared", first, second)
	second.Close()
	await(func() bool { return reflect.DeepEqual(assigned(first), every) }, "who is left has every partition", first)
	turn("alone again", first)
	first.Close()
	producer.Close()
	fmt.Println("group ok")
}

// The same producer and member before and after.
func (c Client) restarts(topic string) {
	c.create(topic, 2, nil)
	producer := c.producer("none", true)
	member := c.join(topic, topic)
	restarted := bufio.NewReader(os.Stdin)
	var sent []Record
	for _, name := range []string{"before", "between", "after"} {
		records := made(name, 50, 2)
		send(producer, topic, records)
		sent = append(sent, records...)
		reads([]*reader{member}, sent)
		done("commit", member.Commit)
		if name != "after" {
			fmt.Println("restart")
			if _, err := restarted.ReadString('\n'); err != nil {
				fail("no word of the restart: %v", err)
			}
		}
	}
	member.Close()
	producer.Close()
	c.holds(topic, sent)
	fmt.Println("restart ok")
}

// A new group reads exactly this from the topic.
func (c Client) holds(topic string, sent []Record) {
	member := c.join(topic+"-all", topic)
	reads([]*reader{member}, sent)
	member.Close()
}

// The controller answers, perhaps before the broker knows of the topic.
func (c Client) create(topic string, partitions int, config map[string]string) {
	done("create "+topic, func(ctx context.Context) error { return c.Admin.Create(ctx, topic, partitions, config) })
	until(topic+" is listed", func() bool { return c.listed(topic) })
}

func (c Client) listed(topic string) bool { return slices.Contains(asked(c.Admin.Topics), topic) }

func (c Client) producer(codec string, sure Sure) Producer {
	producer, err := c.Producer(codec, sure)
	if err != nil {
		fail("producer: %v", err)
	}
	return producer
}

func (c Client) join(group, topic string) *reader {
	member, err := c.Join(group, topic)
	if err != nil {
		fail("member: %v", err)
	}
	return &reader{member, make(map[Place]Record)}
}

// A reader keeps what its member was given, by place: what was not committed may be given to it again.
type reader struct {
	Member
	read map[Place]Record
}

// Together they are given all of it, and nothing twice.
func reads(readers []*reader, sent []Record) {
	read := func() []Record {
		var records []Record
		for _, reader := range readers {
			records = slices.AppendSeq(records, maps.Values(reader.read))
		}
		return records
	}
	await(func() bool { return len(read()) >= len(sent) }, fmt.Sprint(len(sent), " records are read"), readers...)
	same("records read", sorted(read()), sorted(sent))
}

func assigned(readers ...*reader) []int {
	var partitions []int
	for _, reader := range readers {
		partitions = append(partitions, reader.Assigned()...)
	}
	slices.Sort(partitions)
	return partitions
}

func send(producer Producer, topic string, records []Record) {
	done("send", func(ctx context.Context) error { return producer.Send(ctx, topic, records) })
}

func await(condition func() bool, what string, readers ...*reader) {
	until(what, func() bool {
		for _, reader := range readers {
			ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
			reader.Poll(ctx, func(place Place, record Record) { reader.read[place] = record })
			cancel()
		}
		return condition()
	})
}

func until(what string, condition func() bool) {
	for end := time.Now().Add(deadline); !condition(); {
		if time.Now().After(end) {
			fail("not within %v: %s", deadline, what)
		}
	}
}

func done(what string, task func(ctx context.Context) error) {
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	if err := task(ctx); err != nil {
		fail("%s: %v", what, err)
	}
}

func asked[A any](question func(ctx context.Context) (A, error)) (answer A) {
	done("admin", func(ctx context.Context) (err error) {
		answer, err = question(ctx)
		return err
	})
	return answer
}

func made(name string, count, partitions int) []Record {
	records := make([]Record, count)
	for n := range records {
		key := fmt.Sprint(name, " ", n)
		records[n] = Record{n % partitions, key, strings.Repeat("value of "+key, 20), name}
	}
	return records
}

func sorted(records []Record) []Record {
	return slices.SortedFunc(slices.Values(records), func(a, b Record) int { return cmp.Compare(a.Key, b.Key) })
}

func same(what string, actual, expected any) {
	if !reflect.DeepEqual(actual, expected) {
		fail("%s: %v instead of %v", what, actual, expected)
	}
}

func fail(format string, values ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", values...)
	os.Exit(1)
}
