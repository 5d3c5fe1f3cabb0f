package ottla.log.io;

/** Where a log's files are, and through what they are opened. */
record LogFiles(Disk disk, OpenFiles open, LogPath directory) {
    LogFile file(String name) {
        return new LogFile(disk, open, directory, name);
    }

    String path(String name) {
        return directory.resolve(name);
    }
}
