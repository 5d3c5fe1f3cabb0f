package ottla.replication.partition;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;
import ottla.replication.partition.LogMove.Aftermath;
import ottla.replication.partition.LogMove.Phase;
import ottla.replication.partition.LogMove.Reporting;
import ottla.replication.partition.LogMove.Standing;
import ottla.replication.partition.LogMove.Step;

/** What a move does next, and that it always comes to its end with a copy that has all of the log. */
class LogMoveTest {
    private final LogMove move = new LogMove(Reporting.BEFORE_EXCHANGE);

    @Test
    void copiesThenAsksThenExchanges() {
        assertThat(move.next(at(0, 100, 0, 0))).isEqualTo(new Step.Copy(0));
        assertThat(move.next(at(0, 150, 0, 60))).isEqualTo(new Step.Copy(60));
        assertThat(move.next(at(0, 160, 0, 140))).isEqualTo(new Step.Copy(140));
        // It has what the log had at the last look.
        assertThat(move.next(at(0, 170, 0, 160))).isEqualTo(new Step.Ask());
        assertThat(move.phase()).isEqualTo(Phase.ASKED);
        assertThat(move.next(at(0, 900, 0, 160))).isEqualTo(new Step.Rest());

        move.known();
        assertThat(move.next(at(0, 1_000, 0, 160))).isEqualTo(new Step.Copy(160));
        assertThat(move.next(at(0, 1_010, 0, 1_000))).isEqualTo(new Step.Exchange());
        move.arrived();
        assertThat(move.next(at(0, 1_010, 0, 1_010))).isEqualTo(new Step.Done());
        assertThat(move.giveUp()).isEqualTo(Aftermath.NOTHING);
        assertThat(move.phase()).isEqualTo(Phase.ARRIVED);
    }

    @Test
    void asksNobodyWhereNobodyKeepsDirectories() {
        LogMove unreported = new LogMove(Reporting.NONE);
        assertThat(unreported.next(at(0, 10, 0, 10))).isEqualTo(new Step.Exchange());
        assertThat(unreported.giveUp()).isEqualTo(Aftermath.NOTHING);
    }

    @Test
    void followsTheLogWhereverItGoes() {
        assertThat(move.next(at(50, 100, 0, 0))).isEqualTo(new Step.BeginAt(50));
        assertThat(move.next(at(60, 100, 50, 80))).isEqualTo(new Step.StartAt(60));
        assertThat(move.next(new Standing(60, 70, 60, 80, 70))).isEqualTo(new Step.Cut(70));
        assertThat(move.next(new Standing(60, 200, 60, 80, 70))).isEqualTo(new Step.Cut(70));
        // A crash took the first segment of the copy.
        assertThat(move.next(at(60, 200, 64, 80))).isEqualTo(new Step.BeginAt(60));
        // Nor is it level because the log has become shorter.
        assertThat(move.next(at(60, 200, 60, 70))).isEqualTo(new Step.Copy(70));
    }

    @Test
    void tellsTheControllerOnlyWhatItMayHaveWrong() {
        assertThat(move.next(at(0, 100, 0, 0))).isEqualTo(new Step.Copy(0));
        assertThat(new LogMove(Reporting.BEFORE_EXCHANGE).giveUp()).isEqualTo(Aftermath.NOTHING);
        assertThat(move.next(at(0, 100, 0, 100))).isEqualTo(new Step.Ask());
        assertThat(move.giveUp()).isEqualTo(Aftermath.TELL_CONTROLLER);
        move.known();
        assertThat(move.phase()).as("an answer that came too late").isEqualTo(Phase.GIVEN_UP);
        assertThat(move.next(at(0, 100, 0, 100))).isEqualTo(new Step.Done());
    }

    @Test
    void arrivesWhateverTheLogDoesMeanwhile() {
        for (int seed = 0; seed < 2_000; seed++) {
            Random random = new Random(seed);
            LogMove any = new LogMove(random.nextBoolean() ? Reporting.BEFORE_EXCHANGE : Reporting.NONE);
            long start = 0;
            long end = random.nextInt(500);
            long copyStart = 0;
            long copyEnd = 0;
            long common = 0;
            int steps = 0;
            while (!any.isOver()) {
                assertThat(steps++).as("seed %s", seed).isLessThan(2_000);
                if (steps < 200) {
                    switch (random.nextInt(5)) {
                        case 0 -> end += random.nextInt(100);
                        case 1 -> start += random.nextInt((int) (end - start) + 1);
                        case 2 -> {
                            end -= random.nextInt((int) (end - start) + 1);
                            common = Math.min(common, end);
                            end += random.nextInt(50); // of another leader
                        }
                        case 3 -> copyStart += random.nextInt((int) (copyEnd - copyStart) + 1); // a crash
                        default -> {}
                    }
                }
                switch (any.next(new Standing(start, end, copyStart, copyEnd, common))) {
                    case Step.Cut(long offset) -> {
                        copyEnd = offset;
                        copyStart = Math.min(copyStart, offset);
                    }
                    case Step.BeginAt(long offset) -> {
                        copyStart = offset;
                        copyEnd = offset;
                        common = offset;
                    }
                    case Step.StartAt(long offset) -> copyStart = offset;
                    case Step.Copy(long from) -> {
                        assertThat(from).isEqualTo(copyEnd);
                        copyEnd = Math.min(end, from + 1 + random.nextInt(80));
                        common = copyEnd;
                    }
                    case Step.Ask ask -> assertThat(copyEnd).isEqualTo(common);
                    case Step.Rest rest -> any.known();
                    case Step.Exchange exchange -> {
                        // as the shell has it: only if the rest fits into one chunk
                        copyEnd = Math.min(end, copyEnd + 80);
                        common = copyEnd;
                        if (copyEnd == end) {
                            any.arrived();
                        }
                    }
                    case Step.Done done -> throw new AssertionError("seed " + seed);
                }
            }
            assertThat(copyEnd).as("seed %s", seed).isEqualTo(end);
            assertThat(copyStart).isEqualTo(start);
        }
    }

    @Test
    void holdsCopiesToALimitThatMayChange() {
        TransferPace pace = new TransferPace();
        pace.spend(1 << 30, 0);
        assertThat(pace.pauseNs(0)).isZero();
        pace.limit(1_000, 0);
        pace.spend(2_000, 0);
        assertThat(pace.pauseNs(500_000_000)).isEqualTo(1_500_000_000);
        assertThat(pace.pauseNs(3_000_000_000L)).isZero();
        pace.spend(1_000, 3_000_000_000L);
        pace.limit(Double.MAX_VALUE, 3_000_000_000L);
        assertThat(pace.pauseNs(3_000_000_000L)).isZero();
    }

    private static Standing at(long start, long end, long copyStart, long copyEnd) {
        return new Standing(start, end, copyStart, copyEnd, copyEnd);
    }
}
