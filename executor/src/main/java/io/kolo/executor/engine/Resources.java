package io.kolo.executor.engine;

import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Amounts by name: what a node has, or what a bundle needs.
 *
 * @param amounts positive amounts; what is not named is 0
 */
public record Resources(Map<String, Double> amounts) {
    /** The name of processor cores. */
    public static final String CPU = "CPU";

    /** The name of graphics processors, which are given out whole. */
    public static final String GPU = "GPU";

    /** What is less is nothing: thirds and tenths don't add up exactly. */
    private static final double SMALLEST = 1e-6;

    /** Copies the amounts without zeros. */
    public Resources {
        Map<String, Double> positive = new TreeMap<>();
        amounts.forEach((name, amount) -> {
            if (amount <= -SMALLEST || amount.isNaN()) {
                throw new IllegalArgumentException(name + " must be 0 or more, not " + amount);
            }
            if (amount >= SMALLEST) {
                positive.put(name, amount);
            }
        });
        if (positive.getOrDefault(GPU, 0.0) % 1 != 0) {
            throw new IllegalArgumentException("GPUs are given out whole, not " + positive.get(GPU));
        }
        amounts = Map.copyOf(positive);
    }

    /** Returns the amount of a resource, 0 if there is none. */
    public double of(String name) {
        return amounts.getOrDefault(name, 0.0);
    }

    /** Returns whether all of {@code needed} is here. */
    public boolean covers(Resources needed) {
        return needed.amounts.entrySet().stream().allMatch(need -> of(need.getKey()) - need.getValue() > -SMALLEST);
    }

    /** Returns what is left without {@code taken}, which must be here. */
    public Resources minus(Resources taken) {
        Map<String, Double> left = new TreeMap<>(amounts);
        taken.amounts.forEach((name, amount) -> left.merge(name, -amount, Double::sum));
        return new Resources(left);
    }

    /** Returns each amount {@code factor} times. */
    public Resources times(int factor) {
        return new Resources(amounts.entrySet().stream()
                .collect(Collectors.toMap(Map.Entry::getKey, amount -> amount.getValue() * factor)));
    }

    /** Returns the amounts by name, as {@code {CPU: 4, GPU: 2}}. */
    @Override
    public String toString() {
        return new TreeMap<>(amounts)
                .entrySet().stream()
                        .map(amount -> amount.getKey() + ": " + number(amount.getValue()))
                        .collect(Collectors.joining(", ", "{", "}"));
    }

    private static String number(double amount) {
        return amount == Math.rint(amount) ? String.valueOf((long) amount) : String.valueOf(amount);
    }
}
