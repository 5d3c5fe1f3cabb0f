package ottla.controller.decide;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.kafka.common.security.scram.ScramCredential;
import org.apache.kafka.common.security.scram.internals.ScramFormatter;
import org.apache.kafka.common.security.scram.internals.ScramMechanism;
import org.junit.jupiter.api.Test;
import ottla.base.ErrorCode;
import ottla.controller.image.ClusterImage;
import ottla.controller.image.ClusterImage.ScramUser;
import ottla.controller.image.ImageDelta;
import ottla.wire.message.AlterUserScramCredentialsRequest;
import ottla.wire.message.AlterUserScramCredentialsRequest.ScramCredentialDeletion;
import ottla.wire.message.AlterUserScramCredentialsRequest.ScramCredentialUpsertion;
import ottla.wire.message.AlterUserScramCredentialsResponse.AlterUserScramCredentialsResult;
import ottla.wire.message.metadata.UserScramCredentialRecord;

class ScramCredentialChangesTest {
    private static final byte SHA_256 = 1;
    private static final byte SHA_512 = 2;
    private static final byte[] SALT = "salt".getBytes(StandardCharsets.UTF_8);

    private final SmallCluster cluster = new SmallCluster(1);

    @Test
    void keepsTheKeysThatKafkaWouldKeep() throws Exception {
        for (ScramMechanism mechanism : ScramMechanism.values()) {
            ScramFormatter kafka = new ScramFormatter(mechanism);
            byte[] salted = kafka.hi("secret".getBytes(StandardCharsets.UTF_8), SALT, 4096);
            byte id = mechanism == ScramMechanism.SCRAM_SHA_256 ? SHA_256 : SHA_512;

            assertThat(upsert("anna", id, 4096, salted)).isEqualTo(ErrorCode.NONE);

            UserScramCredentialRecord kept = cluster.image().scram().get(new ScramUser("anna", id));
            ScramCredential expected = kafka.generateCredential(SALT, salted, 4096);
            assertThat(kept)
                    .isEqualTo(new UserScramCredentialRecord(
                            "anna",
                            id,
                            ByteBuffer.wrap(expected.salt()),
                            ByteBuffer.wrap(expected.storedKey()),
                            ByteBuffer.wrap(expected.serverKey()),
                            4096));
        }
        ImageDelta replayed = new ImageDelta(ClusterImage.EMPTY);
        cluster.image().toRecords().forEach(replayed::apply);
        assertThat(replayed.toImage().scram())
                .hasSize(2)
                .isEqualTo(cluster.image().scram());
    }

    @Test
    void deletes() {
        assertThat(upsert("anna", SHA_256, 4096, SALT)).isEqualTo(ErrorCode.NONE);
        assertThat(delete("anna", SHA_512)).isEqualTo(ErrorCode.RESOURCE_NOT_FOUND);
        assertThat(delete("anna", SHA_256)).isEqualTo(ErrorCode.NONE);
        assertThat(cluster.image().scram()).isEmpty();
        assertThat(delete("anna", SHA_256)).isEqualTo(ErrorCode.RESOURCE_NOT_FOUND);
    }

    @Test
    void refuses() {
        assertThat(upsert("", SHA_256, 4096, SALT)).isEqualTo(ErrorCode.UNACCEPTABLE_CREDENTIAL);
        assertThat(upsert("a", (byte) 3, 4096, SALT)).isEqualTo(ErrorCode.UNSUPPORTED_SASL_MECHANISM);
        assertThat(upsert("a", SHA_256, 4095, SALT)).isEqualTo(ErrorCode.UNACCEPTABLE_CREDENTIAL);
        assertThat(upsert("a", SHA_256, 16385, SALT)).isEqualTo(ErrorCode.UNACCEPTABLE_CREDENTIAL);
        assertThat(upsert("a", SHA_256, 4096, new byte[0])).isEqualTo(ErrorCode.UNKNOWN_SERVER_ERROR);
        assertThat(delete("", SHA_256)).isEqualTo(ErrorCode.UNACCEPTABLE_CREDENTIAL);
        assertThat(delete("a", (byte) 0)).isEqualTo(ErrorCode.UNSUPPORTED_SASL_MECHANISM);
        assertThat(cluster.image().scram()).isEmpty();
    }

    @Test
    void aUserIsChangedOnceInARequest() {
        assertThat(alter(new AlterUserScramCredentialsRequest(
                        List.of(new ScramCredentialDeletion("gone", SHA_256)),
                        List.of(
                                upsertion("twice", SHA_256, 4096, SALT),
                                upsertion("twice", SHA_512, 4096, SALT),
                                upsertion("once", SHA_512, 4096, SALT),
                                upsertion("gone", SHA_256, 4096, SALT)))))
                .isEqualTo(Map.of(
                        "twice", ErrorCode.DUPLICATE_RESOURCE,
                        "once", ErrorCode.NONE,
                        "gone", ErrorCode.RESOURCE_NOT_FOUND));
        assertThat(cluster.image().scram().keySet()).containsExactly(new ScramUser("once", SHA_512));
    }

    private ErrorCode upsert(String user, byte mechanism, int iterations, byte[] saltedPassword) {
        ScramCredentialUpsertion upsertion = upsertion(user, mechanism, iterations, saltedPassword);
        return onlyResult(new AlterUserScramCredentialsRequest(List.of(), List.of(upsertion)));
    }

    private ErrorCode delete(String user, byte mechanism) {
        ScramCredentialDeletion deletion = new ScramCredentialDeletion(user, mechanism);
        return onlyResult(new AlterUserScramCredentialsRequest(List.of(deletion), List.of()));
    }

    private static ScramCredentialUpsertion upsertion(String user, byte mechanism, int iterations, byte[] salted) {
        return new ScramCredentialUpsertion(
                user, mechanism, iterations, ByteBuffer.wrap(SALT), ByteBuffer.wrap(salted));
    }

    private ErrorCode onlyResult(AlterUserScramCredentialsRequest request) {
        return alter(request).values().iterator().next();
    }

    private Map<String, ErrorCode> alter(AlterUserScramCredentialsRequest request) {
        return cluster.apply(new ScramCredentialChanges(cluster.image()).alter(request)).results().stream()
                .collect(Collectors.toMap(
                        AlterUserScramCredentialsResult::user, result -> ErrorCode.of(result.errorCode())));
    }
}
