package ottla.replication.session;

import ottla.base.Uuid;

/** A partition as its fetcher names it: by the id of its topic. */
public record FetchedPartition(Uuid topicId, int partition) {}
