package ottla.broker.io;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class OpenFileLimitTest {
    @Test
    void readsTheSystemsTable() {
        assertThat(OpenFileLimit.parse(
                        "Max open files            1024                 524288               files     "))
                .isEqualTo(1024);
        assertThat(OpenFileLimit.parse(
                        "Max open files            unlimited            unlimited            files     "))
                .isEqualTo(Integer.MAX_VALUE);
    }

    @Test
    void leavesHalfForTheRest() {
        assertThat(OpenFileLimit.ofLogs(1024)).isEqualTo(512);
        assertThat(OpenFileLimit.ofLogs(20)).isEqualTo(64);
        assertThat(OpenFileLimit.ofLogs(Integer.MAX_VALUE)).isEqualTo(32_768);
    }
}
