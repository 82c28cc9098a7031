// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.vision;

import io.github.depthc.frontend.vision.LlavaSettings.Merge;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.List;

/**
 * In which order the tokens of an image's pieces come, as {@code prepare_inputs_labels_for_multimodal} of LLaVA and p-MoD and
 * {@code pack_image_features} of transformers 4.57 put them: the whole image's tokens, then the pieces' as one picture.
 *
 * @param cells where each token comes from
 */
public record ImageLayout(List<Cell> cells) {
    /** The ratio of sizes above which p-MoD interpolates. */
    private static final double TOO_LARGE = 1.01;
    private static final int DECIMALS = 7;

    public ImageLayout {
        cells = List.copyOf(cells);
    }

    /** Where a token comes from. */
    public sealed interface Cell {
        /** Whether it is of the high-resolution part. */
        default boolean highResolution() {
            return !(this instanceof Whole);
        }
    }

    /** A token of the first piece, the whole image: its row and column in the tower's grid, and its place among the features. */
    public record Whole(int row, int column, int feature) implements Cell {
    }

    /** A token of the picture that the other pieces make, which is so many rows and columns large: the mean of features with these weights. */
    public record Part(int row, int column, int rows, int columns, int[] features, float[] weights) implements Cell {
    }

    /** The learned token at the end of a row. */
    public record Newline() implements Cell {
    }

    /**
     * The layout of one image.
     *
     * @param across pieces from left to right, 0 where the image is one piece alone
     * @param down   pieces from top to bottom
     * @param width  of the image in pixels, before anything was done with it
     * @param height likewise
     */
    public static ImageLayout of(LlavaSettings settings, int across, int down, int width, int height) {
        int grid = settings.tower().grid();
        var cells = new ArrayList<Cell>();
        for (int i = 0; i < grid * grid; i++) {
            cells.add(new Whole(i / grid, i % grid, i));
        }
        boolean whole = across * down == 0;
        switch (settings.merge()) {
            case FLAT -> {
                for (int i = grid * grid; i < (1 + across * down) * grid * grid; i++) {
                    int piece = i / (grid * grid) - 1;
                    int row = piece / across * grid + i / grid % grid;
                    cells.add(part(row, piece % across * grid + i % grid, down * grid, across * grid, i));
                }
            }
            case SPATIAL -> picture(new Picture(grid, across, 0, 0, down * grid, across * grid), Merge.SPATIAL, cells);
            case UNPAD -> {
                if (whole) {
                    cells.add(new Newline());
                } else {
                    picture(settings.mostPieces().isPresent()
                            ? unpadded(settings, across, down, width, height).within(settings.mostPieces().getAsInt()) : unpadded(settings, across, down, width, height),
                            Merge.UNPAD, cells);
                }
            }
        }
        return new ImageLayout(cells);
    }

    /** How many tokens the image takes. */
    public int size() {
        return cells.size();
    }

    /** Writes the tokens' embeddings {@code [size, hidden]} from features {@code [pieces · positions, hidden]}. */
    void fill(float[] features, float[] newline, int hidden, float[] to, int at) {
        for (int i = 0; i < cells.size(); i++) {
            int begin = at + i * hidden;
            switch (cells.get(i)) {
                case Whole w -> System.arraycopy(features, w.feature * hidden, to, begin, hidden);
                case Newline n -> System.arraycopy(newline, 0, to, begin, hidden);
                case Part p when p.features.length == 1 -> System.arraycopy(features, p.features[0] * hidden, to, begin, hidden);
                case Part p -> {
                    for (int e = 0; e < hidden; e++) {
                        float sum = 0;
                        for (int f = 0; f < p.features.length; f++) {
                            sum += p.weights[f] * features[p.features[f] * hidden + e];
                        }
                        to[begin + e] = sum;
                    }
                }
            }
        }
    }

    private static Part part(int row, int column, int rows, int columns, int feature) {
        return new Part(row, column, rows, columns, new int[] {feature}, new float[] {1});
    }

    /**
     * A part of the pieces put side by side.
     *
     * @param rows    of tokens, after an interpolation
     * @param fromRows before it
     */
    private record Picture(int grid, int across, int top, int left, int rows, int columns, int fromRows, int fromColumns) {
        Picture(int grid, int across, int top, int left, int rows, int columns) {
            this(grid, across, top, left, rows, columns, rows, columns);
        }

        /** Made smaller where it has more tokens than so many pieces. */
        Picture within(int most) {
            double times = Math.sqrt((double) rows * columns / ((double) most * grid * grid));
            return times > TOO_LARGE ? new Picture(grid, across, top, left, (int) Math.floor(rows / times), (int) Math.floor(columns / times), rows, columns) : this;
        }

        int feature(int row, int column) {
            int y = top + row;
            int x = left + column;
            int piece = 1 + y / grid * across + x / grid;
            return (piece * grid + y % grid) * grid + x % grid;
        }

        /** The token of a place: one feature, or four by their distance ({@code bilinear} of PyTorch, corners not aligned). */
        Part at(int row, int column) {
            if (rows == fromRows && columns == fromColumns) {
                return part(row, column, rows, columns, feature(row, column));
            }
            Sample y = Sample.of(row, fromRows, rows);
            Sample x = Sample.of(column, fromColumns, columns);
            return new Part(row, column, rows, columns,
                    new int[] {feature(y.first, x.first), feature(y.first, x.second), feature(y.second, x.first), feature(y.second, x.second)},
                    new float[] {(1 - y.weight) * (1 - x.weight), (1 - y.weight) * x.weight, y.weight * (1 - x.weight), y.weight * x.weight});
        }
    }

    /** Two neighbours and the weight of the second. */
    private record Sample(int first, int second, float weight) {
        static Sample of(int at, int from, int to) {
            float place = Math.max(0, (at + 0.5f) * ((float) from / to) - 0.5f);
            int first = Math.min((int) place, from - 1);
            return new Sample(first, Math.min(first + 1, from - 1), place - first);
        }
    }

    private static void picture(Picture picture, Merge merge, List<Cell> cells) {
        for (int row = 0; row < picture.rows; row++) {
            for (int column = 0; column < picture.columns; column++) {
                cells.add(picture.at(row, column));
            }
            if (merge == Merge.UNPAD) {
                cells.add(new Newline());
            }
        }
    }

    /** The picture without the rows or columns that are padding ({@code unpad_image}). */
    private static Picture unpadded(LlavaSettings settings, int across, int down, int width, int height) {
        int grid = settings.tower().grid();
        int columns = across * grid;
        int rows = down * grid;
        if ((double) width / height > (double) columns / rows) {
            int padding = Math.floorDiv(rows - scaled(height, (double) columns / width, settings.huggingFace()), 2);
            return new Picture(grid, across, padding, 0, rows - 2 * padding, columns);
        }
        int padding = Math.floorDiv(columns - scaled(width, (double) rows / height, settings.huggingFace()), 2);
        return new Picture(grid, across, 0, padding, rows, columns - 2 * padding);
    }

    /** transformers rounds off what a division left behind, the original does not. */
    private static int scaled(int size, double factor, boolean rounded) {
        double scaled = size * factor;
        return rounded ? new BigDecimal(scaled).setScale(DECIMALS, RoundingMode.HALF_EVEN).intValue() : (int) scaled;
    }
}
