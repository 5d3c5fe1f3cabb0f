package ottla.log.io;

/** The directory of a log under its disk's root. It changes once, when the log is deleted and the directory set aside. */
final class LogPath {
    private volatile String name;

    LogPath(String name) {
        this.name = name;
    }

    String name() {
        return name;
    }

    void moved(String nextName) {
        name = nextName;
    }

    String resolve(String file) {
        return name + "/" + file;
    }
}
