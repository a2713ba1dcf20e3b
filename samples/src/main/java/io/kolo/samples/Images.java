package io.kolo.samples;

import java.io.BufferedReader;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.zip.GZIPInputStream;
import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Labelled images, split once and for all: every fifth one is for the test.
 *
 * @param rows pixels as {@code 0..1}, then the label
 */
record Images(List<float[]> rows) {
    private static final int CLASSES = 10;
    private static final int TEST_EVERY = 5;

    /** Reads rows of comma-separated pixels, {@code 0..brightest}, with the label last. */
    static Images load(String resource, float brightest) {
        List<float[]> rows = new ArrayList<>();
        try (BufferedReader lines = open(resource)) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                String[] fields = line.split(",", -1);
                float[] row = new float[fields.length];
                for (int i = 0; i < row.length; i++) {
                    row[i] = Float.parseFloat(fields[i]) / (i == row.length - 1 ? 1 : brightest);
                }
                rows.add(row);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new Images(rows);
    }

    private static BufferedReader open(String resource) throws IOException {
        InputStream bytes = Images.class.getResourceAsStream(resource);
        if (bytes == null) {
            throw new FileNotFoundException(resource + " is missing in the jar of the samples");
        }
        return new BufferedReader(new InputStreamReader(new GZIPInputStream(bytes), StandardCharsets.US_ASCII));
    }

    Images train() {
        return where(false);
    }

    Images test() {
        return where(true);
    }

    private Images where(boolean test) {
        return new Images(IntStream.range(0, rows.size())
                .filter(i -> (i % TEST_EVERY == 0) == test)
                .mapToObj(rows::get)
                .toList());
    }

    int size() {
        return rows.size();
    }

    /** The images of these numbers as one batch. */
    DataSet batch(int[] indices) {
        return batch(Arrays.stream(indices).mapToObj(rows::get).toList());
    }

    /**
     * Cuts each global batch into equal parts, of which this rank gets one.
     *
     * @param globalBatch samples of all ranks in a step
     */
    DataSetIterator shard(int rank, int size, int globalBatch) {
        List<DataSet> batches = new ArrayList<>();
        for (int start = 0; start < rows.size(); start += globalBatch) {
            int length = Math.min(globalBatch, rows.size() - start);
            int from = start + length * rank / size;
            int to = start + length * (rank + 1) / size;
            if (to > from) {
                batches.add(batch(rows.subList(from, to)));
            }
        }
        return new ListDataSetIterator<>(batches, 1);
    }

    private static DataSet batch(List<float[]> rows) {
        int pixels = rows.getFirst().length - 1;
        INDArray features = Nd4j.create(DataType.FLOAT, rows.size(), pixels);
        INDArray labels = Nd4j.create(DataType.FLOAT, rows.size(), CLASSES);
        for (int i = 0; i < rows.size(); i++) {
            for (int pixel = 0; pixel < pixels; pixel++) {
                features.putScalar(i, pixel, rows.get(i)[pixel]);
            }
            labels.putScalar(i, (int) rows.get(i)[pixels], 1);
        }
        return new DataSet(features, labels);
    }
}
