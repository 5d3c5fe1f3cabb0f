package ottla.log.append;

import java.util.List;
import ottla.base.ErrorCode;

/** Why records are not written, in the words of a produce response. */
public record Refusal(ErrorCode error, String message, List<RecordError> recordErrors) {
    public Refusal {
        recordErrors = List.copyOf(recordErrors);
    }

    static Refusal of(ErrorCode error, String message) {
        return new Refusal(error, message, List.of());
    }
}
