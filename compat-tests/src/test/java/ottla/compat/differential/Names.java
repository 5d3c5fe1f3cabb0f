package ottla.compat.differential;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.LongNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.common.protocol.ApiKeys;

/**
 * What one broker invented, under names that both sides share: requests use the names, answers are shown with them. Topic ids
 * are named after their topics; members, producers and sessions are numbered in the order in which they were first seen, which
 * is the same on both sides as long as these behave alike.
 */
final class Names {
    private final Map<String, String> idOfTopic = new HashMap<>();
    private final Map<String, String> topicOfId = new HashMap<>();
    private final Map<String, Integer> timesCreated = new TreeMap<>();
    private final Map<String, Map<String, String>> numbered = new HashMap<>();
    private final Map<String, String> memberOfGroup = new HashMap<>();
    private final List<Long> producerIds = new ArrayList<>();
    private int session;
    private int sessionEpoch;
    private long brokerEpoch = -1;

    /** The value behind a name that begins with {@code $}. */
    JsonNode value(String name) {
        if (name.startsWith("$topic:")) {
            String topic = name.substring("$topic:".length());
            return new TextNode(idOfTopic.getOrDefault(topic, Vocabulary.UNKNOWN_ID));
        }
        if (name.startsWith("$member:")) {
            return new TextNode(memberOfGroup.getOrDefault(name.substring("$member:".length()), "nobody"));
        }
        return switch (name) {
            case "$session" -> new IntNode(session);
            case "$session-epoch" -> new IntNode(sessionEpoch);
            case "$broker-epoch" -> new LongNode(brokerEpoch);
            default -> throw new IllegalArgumentException(name);
        };
    }

    /** The id of a producer that exists, or an id that never was given out. */
    long producerId(int index) {
        return index < producerIds.size() ? producerIds.get(index) : 999_999;
    }

    void learn(Step step, JsonNode answer) {
        boolean refused = answer.path("errorCode").asInt() != 0;
        if (refused) {
            if (step.api() == ApiKeys.FETCH) {
                session = 0;
            }
            return;
        }
        switch (step.api()) {
            case FETCH -> {
                int asked = step.request().path("sessionEpoch").asInt(1);
                session = answer.path("sessionId").asInt();
                boolean continued = step.request().path("sessionEpoch").isTextual() && session != 0;
                sessionEpoch = continued ? sessionEpoch + 1 : asked == 0 ? 1 : sessionEpoch;
            }
            case INIT_PRODUCER_ID -> {
                long id = answer.get("producerId").asLong();
                if (!producerIds.contains(id)) {
                    producerIds.add(id);
                }
            }
            case BROKER_REGISTRATION -> brokerEpoch = answer.get("brokerEpoch").asLong();
            default -> {}
        }
    }

    void learnTopic(String name, String id) {
        if (!id.equals(idOfTopic.put(name, id))) {
            topicOfId.put(id, name + "#" + timesCreated.merge(name, 1, Integer::sum));
        }
    }

    void learnMember(String group, String memberId) {
        memberOfGroup.put(group, memberId);
    }

    /** The topic of an id; an id that belongs to none (a creation that was only validated has one) is numbered. */
    String ofTopic(String id) {
        boolean given = id.equals(Vocabulary.NO_ID) || id.equals(Vocabulary.UNKNOWN_ID);
        if (given || topicOfId.containsKey(id)) {
            return topicOfId.getOrDefault(id, id);
        }
        return number("topic", id);
    }

    /** A name for a value of some kind: its number in the order of first sight. */
    String number(String kind, String value) {
        Map<String, String> known = numbered.computeIfAbsent(kind, unused -> new HashMap<>());
        return known.computeIfAbsent(value, unused -> kind + "-" + (known.size() + 1));
    }
}
