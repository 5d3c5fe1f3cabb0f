package ottla.replication.partition;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import ottla.base.ErrorCode;
import ottla.replication.partition.Following.Standing;
import ottla.replication.partition.Following.Step;

class FollowingTest {
    private static final long BACKOFF_MS = 1_000;

    /** Offsets 5 to 9, the newest of them of epoch 3. */
    private static final Standing STANDING = new Standing(5, 10, 3, Long.MAX_VALUE);

    private final Following following = new Following(4, BACKOFF_MS);

    @Test
    void itFetchesFromTheEndOfItsLogAndNamesItsNewestEpoch() {
        assertThat(following.next(STANDING)).isEqualTo(new Step.Fetch(10, 3, 5));
        following.done();
        assertThat(following.next(new Standing(6, 12, 4, Long.MAX_VALUE))).isEqualTo(new Step.Fetch(12, 4, 6));
    }

    @Test
    void itTellsNobodyOfRecordsThatItsDiskMayLose() {
        assertThat(following.next(new Standing(5, 10, 3, 8))).isEqualTo(new Step.Secure());
        following.done();
        assertThat(following.next(new Standing(5, 10, 3, 10))).isEqualTo(new Step.Fetch(10, 3, 5));
    }

    @Test
    void itCutsWhereTheHistoriesPart() {
        following.diverged(7);
        assertThat(following.next(STANDING)).isEqualTo(new Step.Cut(7));
        following.done();
        assertThat(following.next(new Standing(5, 7, 2, Long.MAX_VALUE))).isEqualTo(new Step.Fetch(7, 2, 5));
    }

    @Test
    void aLeaderWhoseLogEndsSoonerCutsThisOne() {
        following.outOfRange();
        assertThat(following.next(STANDING)).isEqualTo(new Step.AskEnd());
        following.leaderEndsAt(8, STANDING);
        assertThat(following.next(STANDING)).isEqualTo(new Step.Cut(8));
    }

    @Test
    void aLeaderWhoseLogBeginsLaterMakesThisOneBeginThere() {
        following.outOfRange();
        following.leaderEndsAt(40, STANDING);
        assertThat(following.next(STANDING)).isEqualTo(new Step.AskStart());
        following.leaderBeginsAt(20, STANDING);
        assertThat(following.next(STANDING)).isEqualTo(new Step.BeginAt(20));
    }

    @Test
    void whatIsInRangeAgainIsFetched() {
        following.outOfRange();
        following.leaderEndsAt(10, STANDING);
        following.leaderBeginsAt(10, STANDING);
        assertThat(following.next(STANDING)).isEqualTo(new Step.Fetch(10, 3, 5));
    }

    @Test
    void aLeaderThatDoesNotKnowYetIsAskedAgainSoonAndThenLater() {
        for (long pauseMs : new long[] {20, 40, 80, 160, 320, 640, BACKOFF_MS, BACKOFF_MS}) {
            following.failed(ErrorCode.UNKNOWN_TOPIC_ID);
            assertThat(following.next(STANDING)).isEqualTo(new Step.Pause(pauseMs));
            following.paused();
            assertThat(following.next(STANDING)).isInstanceOf(Step.Fetch.class);
        }
        following.done();
        following.failed(ErrorCode.NOT_LEADER_OR_FOLLOWER);
        assertThat(following.next(STANDING)).isEqualTo(new Step.Pause(20));
    }

    @Test
    void whatDoesNotPassByItselfIsTriedAgainAfterTheWholePause() {
        following.failed(ErrorCode.CORRUPT_MESSAGE);
        assertThat(following.next(STANDING)).isEqualTo(new Step.Pause(BACKOFF_MS));
    }
}
