package ottla.controller.image;

/** Which levels of features a node offers, as {@code unstable.feature.versions.enable} says. */
public enum FeatureLevels {
    STABLE,
    /** Also those that may change before their release: a cluster that takes one cannot be upgraded. */
    UNSTABLE_TOO
}
