// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin.allocate;

import io.github.depthc.passes.api.Executor;
import io.github.depthc.passes.api.Memo;
import io.github.depthc.passes.builtin.DenseLayers;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalDouble;
import java.util.function.LongSupplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * How long layers take to prefill a prompt of about the mean length, dense and with each choice: the median of a few runs in turns, so
 * that what slows the machine down for a while slows all choices of a layer down alike. Of the last layer, what the last token does
 * not need is left out, as it is when the model is run. A choice that makes a layer read what earlier ones compute is timed with
 * those, whose own times are taken off again.
 */
final class PrefillTimes implements Share {
    /** Timed runs of each form where all of a model's weights may be loaded, which is small then, and its times are; and where not. */
    private static final int RUNS_OF_SMALL = 15;
    private static final int RUNS_OF_LARGE = 5;
    /** Runs before those, which are not timed. */
    private static final int WARM_UP = 1;

    private final LayerChoices layers;
    private final double[] dense;
    private final double[][] chosen;
    private final double whole;

    private PrefillTimes(LayerChoices layers, double[] dense, double[][] chosen) {
        this.layers = layers;
        this.dense = dense;
        this.chosen = chosen;
        this.whole = Arrays.stream(dense).sum();
    }

    /** A form of some layers, and what it is remembered by. */
    private record Form(String key, DecoderPart part, int first, boolean last) {
        int end() {
            return first + part.model().info().layers();
        }
    }

    /**
     * Measures, but for what is known.
     *
     * @param rehearsal has the prompt, whose embeddings go into every layer: time does not depend on values
     * @param clock     in nanoseconds
     * @param ran       told whenever layers have been run
     */
    static PrefillTimes measure(LayerChoices layers, LoadedParts loaded, Rehearsal rehearsal, Memo memo, LongSupplier clock, Runnable ran) {
        var timing = new Timing(loaded, rehearsal, memo, clock, ran);
        String name = "seconds " + layers.name() + " tokens=" + rehearsal.typicalTokens();
        int count = layers.model().layers().size();
        double[] dense = new double[count];
        var parts = new double[count][];
        var forms = new ArrayList<List<Form>>();
        for (int l = 0; l < count; l++) {
            forms.add(forms(layers, l, name));
            parts[l] = timing.of(forms.get(l));
            dense[l] = parts[l][0];
        }
        var chosen = new double[count][];
        for (int l = 0; l < count; l++) {
            chosen[l] = parts[l].clone();
            for (int c = 1; c < chosen[l].length; c++) {
                Form form = forms.get(l).get(c);
                for (int other = form.first; other < form.end(); other++) {
                    chosen[l][c] -= other == l ? 0 : dense[other];
                }
                chosen[l][c] = Math.max(0, chosen[l][c]);
            }
        }
        return new PrefillTimes(layers, dense, chosen);
    }

    /** How many forms are timed. */
    static int forms(LayerChoices layers) {
        return layers.model().layers().size() + layers.routed().size() * (layers.choices().size() - 1);
    }

    /** How often each of them is run, by whether several are loaded at a time. */
    static int runs(boolean several) {
        return WARM_UP + (several ? RUNS_OF_SMALL : RUNS_OF_LARGE);
    }

    private static List<Form> forms(LayerChoices layers, int layer, String name) {
        var settings = layers.settings(new int[layers.routed().size()]);
        Stream<Choice> choices = layers.routed().contains(layer) ? layers.choices().stream() : Stream.of(Choice.DENSE);
        return choices.map(c -> {
            Choice[] one = settings.clone();
            one[layer] = c;
            String key = name + " " + layer + ":" + c.ratio() + ":" + c.form().key();
            return form(key, DecoderPart.of(c == Choice.DENSE ? DenseLayers.of(layers.model()) : layers.with(one)), layer);
        }).toList();
    }

    private static Form form(String key, List<DecoderPart> parts, int layer) {
        int first = 0;
        int p = 0;
        while (first + parts.get(p).model().info().layers() <= layer) {
            first += parts.get(p++).model().info().layers();
        }
        return new Form(key, parts.get(p), first, p == parts.size() - 1);
    }

    @Override
    public double of(Choice[] settings) {
        double sum = 0;
        for (int l = 0; l < dense.length; l++) {
            sum += settings[l] == null || settings[l].ratio() == 1 ? dense[l] : seconds(l, settings[l]);
        }
        return sum / whole;
    }

    /** Between ratios that were measured, on the line between their times. */
    private double seconds(int layer, Choice choice) {
        List<Integer> known = IntStream.range(0, layers.choices().size()).filter(c -> c == 0 || layers.choice(c).form().equals(choice.form())).boxed()
                .sorted(Comparator.comparingDouble(c -> layers.choice(c).ratio())).toList();
        int above = known.stream().filter(c -> layers.choice(c).ratio() >= choice.ratio()).findFirst().orElseThrow();
        int below = known.reversed().stream().filter(c -> layers.choice(c).ratio() <= choice.ratio()).findFirst().orElse(above);
        double low = layers.choice(below).ratio();
        double high = layers.choice(above).ratio();
        double part = high == low ? 0 : (choice.ratio() - low) / (high - low);
        return chosen[layer][below] + part * (chosen[layer][above] - chosen[layer][below]);
    }

    /** Times the forms of a layer. */
    private static final class Timing {
        private final LoadedParts loaded;
        private final Rehearsal rehearsal;
        private final Memo memo;
        private final LongSupplier clock;
        private final Runnable ran;
        private Rehearsal.Prompt prompt;

        Timing(LoadedParts loaded, Rehearsal rehearsal, Memo memo, LongSupplier clock, Runnable ran) {
            this.loaded = loaded;
            this.rehearsal = rehearsal;
            this.memo = memo;
            this.clock = clock;
            this.ran = ran;
        }

        /** Their medians in seconds. */
        double[] of(List<Form> forms) {
            List<OptionalDouble> known = forms.stream().map(f -> memo.get(f.key)).toList();
            if (known.stream().allMatch(OptionalDouble::isPresent)) {
                return known.stream().mapToDouble(OptionalDouble::getAsDouble).toArray();
            }
            double[] seconds = measured(forms);
            for (int f = 0; f < seconds.length; f++) {
                memo.put(forms.get(f).key, seconds[f]);
            }
            return seconds;
        }

        private double[] measured(List<Form> forms) {
            if (prompt == null) {
                prompt = rehearsal.typicalPrompt();
            }
            int each = runs(loaded.several());
            double[][] runs = new double[forms.size()][each - WARM_UP];
            // to load a large layer takes longer than to run it: then each form's runs follow one another
            int turns = loaded.several() ? each : 1;
            int inTurn = each / turns;
            for (int turn = 0; turn < turns; turn++) {
                for (int f = 0; f < runs.length; f++) {
                    Executor.Decoder decoder = forms.get(f).last ? loaded.decoderForLast(forms.get(f).part) : loaded.decoder(forms.get(f).part);
                    for (int i = 0; i < inTurn; i++) {
                        double seconds = run(decoder);
                        int timed = turn * inTurn + i - WARM_UP;
                        if (timed >= 0) {
                            runs[f][timed] = seconds;
                        }
                        ran.run();
                    }
                }
            }
            return Arrays.stream(runs).mapToDouble(r -> Arrays.stream(r).sorted().toArray()[r.length / 2]).toArray();
        }

        private double run(Executor.Decoder decoder) {
            try (Executor.Sequence sequence = decoder.sequence()) {
                long start = clock.getAsLong();
                sequence.appendForLast(prompt.hidden(), prompt.candidates());
                return (clock.getAsLong() - start) / 1e9;
            } catch (ArithmeticException e) {
                throw Rehearsal.unmeasurable(prompt.number(), e.getMessage());
            }
        }
    }
}
