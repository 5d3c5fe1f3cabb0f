package ottla.controller.place;

import java.util.Optional;
import ottla.controller.place.StripedPlacement.Standing;

/** A broker that can be given replicas. */
public record UsableBroker(int id, Optional<String> rack, Standing standing) {}
