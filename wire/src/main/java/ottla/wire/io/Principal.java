package ottla.wire.io;

/** Who speaks on a connection, in the form that access control lists use: a type and a name. */
public record Principal(String type, String name) {
    /** Anyone, on a connection that does not authenticate. */
    public static final Principal ANONYMOUS = new Principal("User", "ANONYMOUS");

    @Override
    public String toString() {
        return type + ":" + name;
    }
}
