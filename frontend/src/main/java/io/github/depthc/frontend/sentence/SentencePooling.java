// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.sentence;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.depthc.frontend.json.InputFiles;
import io.github.depthc.frontend.json.Json;
import io.github.depthc.frontend.json.JsonObject;
import io.github.depthc.ir.InputException;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * How one vector is made of a text's hidden states, as the files of sentence-transformers 2 to 5 say it: {@code modules.json} names the
 * modules behind the encoder, {@code 1_Pooling/config.json} what the pooling is.
 *
 * @param mode      which hidden states
 * @param normalise whether the vector is divided by its length
 * @param stated    whether the model has such files; else this is the usual way, the mean, normalised
 */
public record SentencePooling(Mode mode, boolean normalise, boolean stated) {
    private static final String MODULES = "modules.json";
    /** Name of the pooling's configuration in a bundle, which has no folders for such files. */
    private static final String POOLING = "pooling.json";
    private static final String MODE = "pooling_mode_";
    private static final String MEAN_KEY = MODE + "mean_tokens";
    private static final String CLS_KEY = MODE + "cls_token";
    private static final double SHORTEST = 1e-12;

    /** Which hidden states make the vector. */
    public enum Mode {
        /** The mean of all tokens', the special ones among them. */
        MEAN,
        /** The first token's. */
        CLS
    }

    /**
     * What a checkpoint or a bundle says.
     *
     * @throws InputException for a module or a pooling that is not computed here, by its name
     */
    public static SentencePooling of(Path folder) throws IOException {
        if (!Files.exists(folder.resolve(MODULES), LinkOption.NOFOLLOW_LINKS)) {
            return new SentencePooling(Mode.MEAN, true, false);
        }
        List<Module> modules = modules(folder);
        boolean normalise = modules.size() == 3 && modules.get(2).type().equals("Normalize");
        if (modules.size() < 2 || modules.size() > 3 || !modules.get(0).type().equals("Transformer") || !modules.get(1).type().equals("Pooling")
                || modules.size() == 3 && !normalise) {
            throw new InputException(folder.resolve(MODULES) + ": has the modules " + modules.stream().map(Module::type).toList()
                    + ", expected Transformer, Pooling and perhaps Normalize; other modules are not computed");
        }
        Path inBundle = folder.resolve(POOLING);
        return new SentencePooling(mode(JsonObject.read(Files.exists(inBundle) ? inBundle : config(folder, modules.get(1)))), normalise, true);
    }

    /** The files of a checkpoint that say it, under their names in a bundle; none where it has none. */
    public static Map<String, Path> files(Path checkpoint) throws IOException {
        var files = new LinkedHashMap<String, Path>();
        if (of(checkpoint).stated()) {
            files.put(MODULES, checkpoint.resolve(MODULES));
            files.put(POOLING, config(checkpoint, modules(checkpoint).get(1)));
        }
        return files;
    }

    /**
     * The vector of a text.
     *
     * @param hidden hidden states {@code [rows, width]}, row-major
     * @param from   the text's first row
     * @param tokens its rows
     */
    public float[] vector(FloatBuffer hidden, int from, int tokens, int width) {
        double[] sum = new double[width];
        int used = mode == Mode.MEAN ? tokens : 1;
        for (int t = 0; t < used; t++) {
            for (int i = 0; i < width; i++) {
                sum[i] += hidden.get((from + t) * width + i);
            }
        }
        double squares = 0;
        for (int i = 0; i < width; i++) {
            sum[i] /= used;
            squares += sum[i] * sum[i];
        }
        double length = normalise ? Math.max(Math.sqrt(squares), SHORTEST) : 1;
        float[] vector = new float[width];
        for (int i = 0; i < width; i++) {
            vector[i] = (float) (sum[i] / length);
        }
        return vector;
    }

    /** One entry of {@code modules.json}: the class's name without its package, and the folder of its configuration. */
    private record Module(String type, String path) {
    }

    private static List<Module> modules(Path folder) throws IOException {
        Path file = folder.resolve(MODULES);
        InputFiles.requireFile(file);
        byte[] bytes = Files.readAllBytes(file);
        String where = file.toString();
        JsonNode array = Json.parse(Json.decode(bytes, 0, bytes.length, where), where, parser -> parser.readValueAsTree());
        if (array == null || !array.isArray()) {
            throw new InputException(file + ": is no list, expected the modules of a sentence encoder");
        }
        var modules = new ArrayList<Module>();
        for (JsonNode module : array) {
            String type = module.path("type").asText();
            modules.add(new Module(type.substring(type.lastIndexOf('.') + 1), module.path("path").asText()));
        }
        return modules;
    }

    private static Path config(Path folder, Module pooling) {
        if (!pooling.path().matches("[A-Za-z0-9_-]+")) {
            throw new InputException(folder.resolve(MODULES) + ": has its pooling in \"" + pooling.path() + "\", expected the name of a folder beside it");
        }
        return folder.resolve(pooling.path()).resolve("config.json");
    }

    private static Mode mode(JsonObject config) {
        List<String> on = config.keys().stream().filter(k -> k.startsWith(MODE) && config.optBool(k, false)).toList();
        if (on.equals(List.of(MEAN_KEY))) {
            return Mode.MEAN;
        }
        if (on.equals(List.of(CLS_KEY))) {
            return Mode.CLS;
        }
        throw new InputException(config.file() + ": has the pooling " + (on.isEmpty() ? "none" : String.join(", ", on)) + ", expected " + MEAN_KEY + " or " + CLS_KEY
                + "; others are not computed");
    }
}
