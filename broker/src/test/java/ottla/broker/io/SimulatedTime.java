package ottla.broker.io;

import java.util.PriorityQueue;
import java.util.SplittableRandom;

/** The true time and the one thread of a simulated cluster: everything that happens is an event at a time. */
final class SimulatedTime {
    private record Event(long timeUs, long order, Runnable deed) implements Comparable<Event> {
        @Override
        public int compareTo(Event other) {
            int byTime = Long.compare(timeUs, other.timeUs);
            return byTime != 0 ? byTime : Long.compare(order, other.order);
        }
    }

    private final PriorityQueue<Event> events = new PriorityQueue<>();
    private final SplittableRandom random;
    private long nowUs;
    private long nextOrder;

    SimulatedTime(SplittableRandom random) {
        this.random = random;
    }

    /** Microseconds since the beginning of the world. */
    long nowUs() {
        return nowUs;
    }

    void after(long delayUs, Runnable deed) {
        at(nowUs + delayUs, deed);
    }

    /** Events of the same time come in the order in which they were asked for. */
    void at(long timeUs, Runnable deed) {
        events.add(new Event(Math.max(nowUs, timeUs), nextOrder++, deed));
    }

    /** Some delay up to a limit, most often a short one. */
    long delayUs(long maxUs) {
        return random.nextInt(4) == 0 ? random.nextLong(maxUs) : random.nextLong(maxUs / 10 + 1);
    }

    /** Makes the next event happen, if there is one before a time; else it is that time. */
    boolean step(long untilUs) {
        Event next = events.peek();
        if (next == null || next.timeUs > untilUs) {
            nowUs = untilUs;
            return false;
        }
        events.poll();
        nowUs = next.timeUs;
        next.deed.run();
        return true;
    }
}
