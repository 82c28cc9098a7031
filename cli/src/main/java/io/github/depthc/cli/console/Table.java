// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.console;

import java.util.ArrayList;
import java.util.List;

/** A table of aligned columns, two spaces apart, for a terminal of 80 to 100 columns. */
public final class Table {
    /** On which side a column's cells stand. */
    public enum Align { LEFT, RIGHT }

    private record Column(String title, Align align) {
    }

    private final List<Column> columns = new ArrayList<>();
    private final List<List<String>> rows = new ArrayList<>();
    private final String indent;

    /** A table whose lines begin with this many spaces. */
    public Table(int indent) {
        this.indent = " ".repeat(indent);
    }

    /** Adds a column of words. */
    public Table left(String title) {
        columns.add(new Column(title, Align.LEFT));
        return this;
    }

    /** Adds a column of numbers. */
    public Table right(String title) {
        columns.add(new Column(title, Align.RIGHT));
        return this;
    }

    /** Adds a row, one cell for each column. */
    public Table row(String... cells) {
        if (cells.length != columns.size()) {
            throw new IllegalArgumentException(cells.length + " cells for " + columns.size() + " columns");
        }
        rows.add(List.of(cells));
        return this;
    }

    /** Adds a line across the table. */
    public Table rule() {
        rows.add(List.of());
        return this;
    }

    /** The lines; the first has the titles unless no column has one. */
    public List<String> lines() {
        int[] widths = new int[columns.size()];
        for (int c = 0; c < widths.length; c++) {
            widths[c] = width(columns.get(c).title());
            for (List<String> row : rows) {
                widths[c] = row.isEmpty() ? widths[c] : Math.max(widths[c], width(row.get(c)));
            }
        }
        var lines = new ArrayList<String>();
        if (columns.stream().anyMatch(c -> !c.title().isEmpty())) {
            lines.add(line(columns.stream().map(Column::title).toList(), widths));
        }
        for (List<String> row : rows) {
            lines.add(row.isEmpty() ? indent + "─".repeat(total(widths)) : line(row, widths));
        }
        return lines;
    }

    /** Prints the lines on standard output. */
    public void print(Console console) {
        lines().forEach(console::line);
    }

    private String line(List<String> cells, int[] widths) {
        var line = new StringBuilder(indent);
        for (int c = 0; c < widths.length; c++) {
            String pad = " ".repeat(widths[c] - width(cells.get(c)));
            line.append(c == 0 ? "" : "  ");
            line.append(columns.get(c).align() == Align.LEFT ? cells.get(c) + pad : pad + cells.get(c));
        }
        return line.toString().stripTrailing();
    }

    private static int total(int[] widths) {
        int sum = 2 * (widths.length - 1);
        for (int w : widths) {
            sum += w;
        }
        return sum;
    }

    private static int width(String cell) {
        return cell.codePointCount(0, cell.length());
    }
}
