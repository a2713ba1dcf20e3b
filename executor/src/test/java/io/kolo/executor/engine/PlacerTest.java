package io.kolo.executor.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class PlacerTest {
    private static final List<Node> TWO_NODES = List.of(node("a", 4, 2), node("b", 4, 2));
    private static final Resources ONE_GPU = resources(1, 1);

    private static Node node(String name, double cpus, double gpus) {
        return new Node(name, resources(cpus, gpus));
    }

    private static Resources resources(double cpus, double gpus) {
        return new Resources(Map.of(Resources.CPU, cpus, Resources.GPU, gpus));
    }

    private static List<String> nodesOf(List<Placed> placed) {
        return placed.stream().map(Placed::node).toList();
    }

    @Test
    void shouldFillANodeBeforeTheNextByPack() {
        assertEquals(List.of("a", "a", "b"), nodesOf(Placer.place(TWO_NODES, ONE_GPU, 3, 3, Strategy.PACK)));
    }

    @Test
    void shouldTakeTurnsBySpread() {
        assertEquals(List.of("a", "a", "b"), nodesOf(Placer.place(TWO_NODES, ONE_GPU, 3, 3, Strategy.SPREAD)));
        assertEquals(List.of("a", "b"), nodesOf(Placer.place(TWO_NODES, ONE_GPU, 2, 2, Strategy.SPREAD)));
    }

    @Test
    void shouldFindTheOneNodeThatHoldsAllByStrictPack() {
        List<Node> nodes = List.of(node("small", 2, 0), node("large", 8, 0));
        assertEquals(
                List.of("large", "large", "large"),
                nodesOf(Placer.place(nodes, resources(1, 0), 3, 3, Strategy.STRICT_PACK)));
        assertThrows(PlacementException.class, () -> Placer.place(nodes, resources(1, 0), 9, 9, Strategy.STRICT_PACK));
    }

    @Test
    void shouldNeverPutTwoOnANodeByStrictSpread() {
        assertEquals(List.of("a", "b"), nodesOf(Placer.place(TWO_NODES, ONE_GPU, 2, 2, Strategy.STRICT_SPREAD)));
        assertThrows(PlacementException.class, () -> Placer.place(TWO_NODES, ONE_GPU, 3, 3, Strategy.STRICT_SPREAD));
    }

    @Test
    void shouldGiveEachGpuToOneBundle() {
        List<Placed> placed = Placer.place(TWO_NODES, resources(1, 1), 4, 4, Strategy.PACK);
        assertEquals(
                List.of(
                        new Placed(0, "a", List.of(0)),
                        new Placed(1, "a", List.of(1)),
                        new Placed(2, "b", List.of(0)),
                        new Placed(3, "b", List.of(1))),
                placed);
    }

    @Test
    void shouldRefuseWithFreeAndTotalOfEachNodeAndTheBundle() {
        PlacementException error =
                assertThrows(PlacementException.class, () -> Placer.place(TWO_NODES, ONE_GPU, 5, 5, Strategy.PACK));
        assertEquals("""
                no room for 5 bundles of {CPU: 1, GPU: 1} (PACK): 4 placed, the next one does not fit
                  a: free {CPU: 2} of {CPU: 4, GPU: 2}
                  b: free {CPU: 2} of {CPU: 4, GPU: 2}""", error.getMessage());
    }

    @Test
    void shouldReckonWithResourcesOfAnyName() {
        Node special = new Node("special", new Resources(Map.of("tpu", 1.5)));
        Resources half = new Resources(Map.of("tpu", 0.5));
        assertEquals(
                3, Placer.place(List.of(special), half, 3, 3, Strategy.PACK).size());
        assertThrows(PlacementException.class, () -> Placer.place(List.of(special), half, 4, 4, Strategy.PACK));
    }

    @Test
    void shouldPlaceAsManyAsThereIsRoomForBetweenTheLeastAndTheMost() {
        for (Strategy strategy : List.of(Strategy.PACK, Strategy.SPREAD, Strategy.STRICT_PACK)) {
            assertEquals(2, Placer.place(TWO_NODES, ONE_GPU, 1, 2, strategy).size(), strategy.name());
        }
        assertEquals(4, Placer.place(TWO_NODES, ONE_GPU, 1, 9, Strategy.PACK).size());
        assertEquals(
                2,
                Placer.place(TWO_NODES, ONE_GPU, 1, 9, Strategy.STRICT_SPREAD).size());
    }

    @Test
    void shouldPlaceTenthsThatFitExactly() {
        Node node = new Node("node", new Resources(Map.of(Resources.CPU, 0.3)));
        Resources tenth = new Resources(Map.of(Resources.CPU, 0.1));
        assertEquals(3, Placer.place(List.of(node), tenth, 3, 3, Strategy.PACK).size());
        assertThrows(PlacementException.class, () -> Placer.place(List.of(node), tenth, 4, 4, Strategy.PACK));
    }

    @Test
    void shouldRefuseHalfAGpuAndNegativeAmounts() {
        assertThrows(IllegalArgumentException.class, () -> resources(1, 0.5));
        assertThrows(IllegalArgumentException.class, () -> resources(-1, 0));
    }

    @ParameterizedTest
    @EnumSource(Strategy.class)
    void shouldNeverGiveMoreThanThereIs(Strategy strategy) {
        long seed = System.nanoTime();
        System.out.println(strategy + " seed " + seed);
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = 0; i < 1000; i++) {
            List<Node> nodes = new ArrayList<>();
            for (int n = 0; n < 1 + random.nextInt(4); n++) {
                nodes.add(node("node-" + n, random.nextInt(8), random.nextInt(4)));
            }
            Resources bundle = resources(1 + random.nextInt(3), random.nextInt(3));
            int least = 1 + random.nextInt(5);
            int most = least + random.nextInt(3);
            try {
                List<Placed> placed = Placer.place(nodes, bundle, least, most, strategy);
                assertTrue(placed.size() >= least && placed.size() <= most, placed.toString());
                check(nodes, bundle, placed, strategy);
            } catch (PlacementException refused) {
                assertTrue(refused.toString().contains("does not fit"), refused.toString());
            }
        }
    }

    private static void check(List<Node> nodes, Resources bundle, List<Placed> placed, Strategy strategy) {
        Map<String, Integer> byNode = new HashMap<>();
        Set<String> gpus = new HashSet<>();
        for (Placed one : placed) {
            byNode.merge(one.node(), 1, Integer::sum);
            assertEquals(bundle.of(Resources.GPU), one.gpus().size());
            one.gpus().forEach(gpu -> assertTrue(gpus.add(one.node() + "/" + gpu), "given twice"));
        }
        for (Node node : nodes) {
            assertTrue(node.total().covers(bundle.times(byNode.getOrDefault(node.name(), 0))), node + " " + placed);
        }
        if (strategy == Strategy.STRICT_PACK) {
            assertEquals(1, byNode.size());
        }
        if (strategy == Strategy.STRICT_SPREAD) {
            assertEquals(placed.size(), byNode.size());
        }
    }
}
