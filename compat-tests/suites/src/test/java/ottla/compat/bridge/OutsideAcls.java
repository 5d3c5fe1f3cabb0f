package ottla.compat.bridge;

import java.util.List;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclBindingFilter;
import org.apache.kafka.common.internals.Plugin;
import org.apache.kafka.common.message.DescribeAclsRequestData;
import org.apache.kafka.common.message.DescribeAclsResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.DescribeAclsResponse;
import org.apache.kafka.server.authorizer.Authorizer;
import ottla.compat.RawConnection;
import scala.Option;

/** The access rules that one node knows of. Each method answers for one of Kafka's {@code Authorizer}. */
@SuppressWarnings("unused")
final class OutsideAcls {
    private final OutsideNode node;

    private OutsideAcls(OutsideNode node) {
        this.node = node;
    }

    /** None where the node was not told to have an authorizer. */
    static Option<Plugin<Authorizer>> plugin(OutsideNode node) {
        if (!node.config().originals().containsKey("authorizer.class.name")) {
            return Option.empty();
        }
        Authorizer authorizer = StandIn.of(Authorizer.class, new OutsideAcls(node));
        return Option.apply(Plugin.wrapInstance(authorizer, null, "authorizer.class.name"));
    }

    Iterable<AclBinding> acls(AclBindingFilter filter) {
        DescribeAclsRequestData request = new DescribeAclsRequestData()
                .setResourceTypeFilter(filter.patternFilter().resourceType().code())
                .setResourceNameFilter(filter.patternFilter().name())
                .setPatternTypeFilter(filter.patternFilter().patternType().code())
                .setPrincipalFilter(filter.entryFilter().principal())
                .setHostFilter(filter.entryFilter().host())
                .setOperation(filter.entryFilter().operation().code())
                .setPermissionType(filter.entryFilter().permissionType().code());
        List<AclBinding> found = OutsideNode.asked(() -> {
            try (RawConnection connection = node.connect()) {
                DescribeAclsResponseData answer =
                        (DescribeAclsResponseData) connection.ask(ApiKeys.DESCRIBE_ACLS, 3, request);
                Errors.forCode(answer.errorCode()).maybeThrow();
                return DescribeAclsResponse.aclBindings(answer.resources());
            }
        });
        return found;
    }
}
