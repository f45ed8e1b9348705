import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.opensearch.analysis.common.CommonAnalysisPlugin;
import org.opensearch.common.settings.Settings;
import org.opensearch.node.InternalSettingsPreparer;
import org.opensearch.node.Node;
import org.opensearch.painless.PainlessPlugin;
import org.opensearch.transport.Netty4Plugin;

/**
 * Runs one node of OpenSearch in this process. Each argument is a setting, name=value, where the
 * value may be a list: [a,b]. The node stops when its standard input ends, and so with its parent.
 */
public final class OneNode extends Node {
    // The constructor of Node is protected: hence a class of our own. The official start-up, which
    // refuses to run as root and asks for system limits, is not run.
    private OneNode(Settings settings) {
        super(
            InternalSettingsPreparer.prepareEnvironment(settings, Map.of(), null, () -> "node"),
            List.of(Netty4Plugin.class, CommonAnalysisPlugin.class, PainlessPlugin.class),
            false);
    }

    public static void main(String[] arguments) throws Exception {
        Settings.Builder settings = Settings.builder();
        for (String argument : arguments) {
            String[] pair = argument.split("=", 2);
            if (pair[1].startsWith("[")) {
                settings.putList(pair[0], pair[1].substring(1, pair[1].length() - 1).split(","));
            } else {
                settings.put(pair[0], pair[1]);
            }
        }
        OneNode node = new OneNode(settings.build());
        CountDownLatch closed = new CountDownLatch(1);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            try {
                node.close();
            } catch (Exception error) {
                error.printStackTrace();
            } finally {
                closed.countDown();
            }
        }));
        node.start();
        while (System.in.read() >= 0) {
            // Nothing is sent; the end of the input is what is waited for.
        }
        System.exit(0);
    }
}
