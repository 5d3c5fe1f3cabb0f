package ottla.controller.decide;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.InvalidKeyException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import ottla.base.ErrorCode;
import ottla.controller.image.ClusterImage;
import ottla.controller.image.ClusterImage.ScramUser;
import ottla.controller.image.MetadataVersion;
import ottla.replication.machine.Decision;
import ottla.wire.message.AlterUserScramCredentialsRequest;
import ottla.wire.message.AlterUserScramCredentialsRequest.ScramCredentialDeletion;
import ottla.wire.message.AlterUserScramCredentialsRequest.ScramCredentialUpsertion;
import ottla.wire.message.AlterUserScramCredentialsResponse;
import ottla.wire.message.AlterUserScramCredentialsResponse.AlterUserScramCredentialsResult;
import ottla.wire.message.metadata.MetadataRecord;
import ottla.wire.message.metadata.RemoveUserScramCredentialRecord;
import ottla.wire.message.metadata.UserScramCredentialRecord;

/**
 * AlterUserScramCredentials (KIP-554). A user is changed once in a request, whatever the mechanism. What is kept is what a
 * server needs to verify a client (RFC 5802), not what a client needs to prove itself.
 */
public final class ScramCredentialChanges {
    private static final int ITERATIONS_MIN = 4096;

    /** Kafka's limit: each login costs the client so many rounds of hashing. */
    private static final int ITERATIONS_MAX = 16384;

    private final ClusterImage image;

    public ScramCredentialChanges(ClusterImage image) {
        this.image = image;
    }

    public Decision<MetadataRecord, AlterUserScramCredentialsResponse> alter(AlterUserScramCredentialsRequest request) {
        Map<String, Verdict<MetadataRecord>> verdicts = new LinkedHashMap<>();
        for (ScramCredentialDeletion deletion : request.deletions()) {
            verdicts.merge(deletion.name(), delete(deletion), ScramCredentialChanges::changedTwice);
        }
        for (ScramCredentialUpsertion upsertion : request.upsertions()) {
            verdicts.merge(upsertion.name(), upsert(upsertion), ScramCredentialChanges::changedTwice);
        }
        List<MetadataRecord> records = new ArrayList<>();
        List<AlterUserScramCredentialsResult> results = new ArrayList<>();
        verdicts.forEach((user, verdict) -> {
            switch (verdict) {
                case Verdict.Granted<MetadataRecord>(MetadataRecord record) -> {
                    records.add(record);
                    results.add(new AlterUserScramCredentialsResult(user, ErrorCode.NONE.code(), null));
                }
                case Verdict.Refused<MetadataRecord>(ErrorCode error, String message) ->
                    results.add(new AlterUserScramCredentialsResult(user, error.code(), message));
            }
        });
        return new Decision<>(records, AlterUserScramCredentialsResponse.DEFAULT.withResults(results));
    }

    /** As in Kafka, a change that was refused for itself is answered so. */
    private static Verdict<MetadataRecord> changedTwice(
            Verdict<MetadataRecord> first, Verdict<MetadataRecord> ignoredSecond) {
        return first instanceof Verdict.Refused<MetadataRecord>
                ? first
                : Verdict.refused(
                        ErrorCode.DUPLICATE_RESOURCE, "A user credential cannot be altered twice in the same request");
    }

    private Verdict<MetadataRecord> delete(ScramCredentialDeletion deletion) {
        Verdict<Mechanism> mechanism = mechanism(deletion.name(), deletion.mechanism());
        if (mechanism instanceof Verdict.Refused<Mechanism> refused) {
            return refused.as();
        }
        return image.scram().containsKey(new ScramUser(deletion.name(), deletion.mechanism()))
                ? Verdict.granted(new RemoveUserScramCredentialRecord(deletion.name(), deletion.mechanism()))
                : Verdict.refused(
                        ErrorCode.RESOURCE_NOT_FOUND, "Attempt to delete a user credential that does not exist");
    }

    private Verdict<MetadataRecord> upsert(ScramCredentialUpsertion upsertion) {
        Verdict<Mechanism> mechanism = mechanism(upsertion.name(), upsertion.mechanism());
        if (mechanism instanceof Verdict.Refused<Mechanism> refused) {
            return refused.as();
        }
        if (upsertion.iterations() < ITERATIONS_MIN) {
            return Verdict.refused(ErrorCode.UNACCEPTABLE_CREDENTIAL, "Too few iterations");
        }
        if (upsertion.iterations() > ITERATIONS_MAX) {
            return Verdict.refused(ErrorCode.UNACCEPTABLE_CREDENTIAL, "Too many iterations");
        }
        if (!upsertion.saltedPassword().hasRemaining()) {
            // no key can be made of nothing; Kafka finds out when it tries
            return Verdict.refused(ErrorCode.UNKNOWN_SERVER_ERROR, "The salted password is empty");
        }
        Mechanism known = mechanism.granted();
        return Verdict.granted(new UserScramCredentialRecord(
                upsertion.name(),
                upsertion.mechanism(),
                upsertion.salt(),
                known.storedKey(upsertion.saltedPassword()),
                known.serverKey(upsertion.saltedPassword()),
                upsertion.iterations()));
    }

    private Verdict<Mechanism> mechanism(String user, byte id) {
        if (!image.metadataVersion().isAtLeast(MetadataVersion.V3_5_IV2)) {
            return Verdict.refused(
                    ErrorCode.UNSUPPORTED_VERSION, "The current metadata.version does not support SCRAM");
        }
        if (user.isEmpty()) {
            return Verdict.refused(ErrorCode.UNACCEPTABLE_CREDENTIAL, "Username must not be empty");
        }
        Optional<Mechanism> known = Mechanism.of(id);
        return known.isPresent()
                ? Verdict.granted(known.get())
                : Verdict.refused(ErrorCode.UNSUPPORTED_SASL_MECHANISM, "Unknown SCRAM mechanism");
    }

    private enum Mechanism {
        SCRAM_SHA_256("SHA-256", "HmacSHA256"),
        SCRAM_SHA_512("SHA-512", "HmacSHA512");

        private final String digest;
        private final String mac;

        Mechanism(String digest, String mac) {
            this.digest = digest;
            this.mac = mac;
        }

        /** By the protocol's number. */
        static Optional<Mechanism> of(byte id) {
            return switch (id) {
                case 1 -> Optional.of(SCRAM_SHA_256);
                case 2 -> Optional.of(SCRAM_SHA_512);
                default -> Optional.empty();
            };
        }

        ByteBuffer storedKey(ByteBuffer saltedPassword) {
            try {
                return ByteBuffer.wrap(MessageDigest.getInstance(digest).digest(keyed(saltedPassword, "Client Key")));
            } catch (NoSuchAlgorithmException missing) {
                throw new IllegalStateException(missing);
            }
        }

        ByteBuffer serverKey(ByteBuffer saltedPassword) {
            return ByteBuffer.wrap(keyed(saltedPassword, "Server Key"));
        }

        private byte[] keyed(ByteBuffer saltedPassword, String text) {
            byte[] key = new byte[saltedPassword.remaining()];
            saltedPassword.duplicate().get(key);
            try {
                Mac keyed = Mac.getInstance(mac);
                keyed.init(new SecretKeySpec(key, mac));
                return keyed.doFinal(text.getBytes(StandardCharsets.UTF_8));
            } catch (NoSuchAlgorithmException | InvalidKeyException missing) {
                throw new IllegalStateException(missing);
            }
        }
    }
}
