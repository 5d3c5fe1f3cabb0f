package ottla.wire.record;

/** Whose clock the timestamps of a batch come from; the names are those of {@code message.timestamp.type}. */
public enum TimestampType {
    CREATE_TIME("CreateTime"),
    LOG_APPEND_TIME("LogAppendTime");

    private final String configName;

    TimestampType(String configName) {
        this.configName = configName;
    }

    public String configName() {
        return configName;
    }
}
