package io.kolo.executor;

import io.kolo.executor.engine.Node;
import io.kolo.executor.engine.Resources;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads which nodes the local engine is to play: {@code 2x{cpu:4,gpu:2},{cpu:8,tpu:1}}. */
final class NodeSpecs {
    private static final Pattern GROUP = Pattern.compile("(?:(\\d{1,4})x)?\\{([^{}]*)\\}(?:,|$)");
    private static final Pattern AMOUNT = Pattern.compile("\\s*([A-Za-z_][\\w.-]*)\\s*:\\s*(\\d+(?:\\.\\d+)?)\\s*");

    private NodeSpecs() {}

    /** Returns nodes that are named {@code node-1}, {@code node-2} and so on. */
    static List<Node> parse(String text) {
        List<Node> nodes = new ArrayList<>();
        Matcher group = GROUP.matcher(text);
        int end = 0;
        while (end < text.length()) {
            if (!group.find(end) || group.start() != end) {
                throw wrong(text);
            }
            int count = group.group(1) == null ? 1 : Integer.parseInt(group.group(1));
            Resources total = new Resources(amounts(group.group(2), text));
            for (int i = 0; i < count; i++) {
                nodes.add(new Node("node-" + (nodes.size() + 1), total));
            }
            end = group.end();
        }
        if (nodes.isEmpty()) {
            throw wrong(text);
        }
        return nodes;
    }

    private static Map<String, Double> amounts(String fields, String text) {
        Map<String, Double> amounts = new HashMap<>();
        for (String field : fields.split(",", -1)) {
            Matcher amount = AMOUNT.matcher(field);
            if (!amount.matches()) {
                throw wrong(text);
            }
            String name = amount.group(1).toUpperCase(Locale.ROOT);
            boolean known = name.equals(Resources.CPU) || name.equals(Resources.GPU);
            amounts.put(known ? name : amount.group(1), Double.valueOf(amount.group(2)));
        }
        return amounts;
    }

    private static IllegalArgumentException wrong(String text) {
        return new IllegalArgumentException(
                "nodes '" + text + "' can't be read: write 2x{cpu:4,gpu:2} for two nodes of 4 CPUs and 2 GPUs");
    }
}
